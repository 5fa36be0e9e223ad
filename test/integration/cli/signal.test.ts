import { Command, makeCommandProject, runWarm, type Finished } from '../../support/command-line';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';

const APPROVAL = `
import { knot, tapestry, waitForSignal } from 'selvage';
import { z } from 'zod';

const say = knot('say', ({ by }: { by: { name: string } }) => 'approved by ' + by.name);
export const approval = tapestry('approval', () => {
  const by = waitForSignal('approve', z.object({ name: z.string() }), { id: 'by', timeout: 86_400_000 });
  return { line: say({ by }, { id: 'line' }) };
});
`;
let project: string;

beforeAll(() => {
  project = makeCommandProject({ 'approval.ts': APPROVAL });
});
afterAll(removeProjects);

function selvage(...args: string[]): Promise<Finished> {
  return runWarm(project, args);
}

test('a run waits for its signal, says so, refuses a wrong one and takes a right one', async () => {
  const running = new Command(project, ['run', 'approval.ts', '--run-id', 'a']);
  await until('it waits', async () =>
    (await selvage('runs', 'show', 'a')).stdout.includes('waits for the signal "approve"'),
  );
  expect((await selvage('runs', 'show', 'a')).stdout).toMatch(
    /by {2,}waits for the signal "approve", until .* \(in 2[34] h .*\)/,
  );
  expect((await selvage('runs', 'show', 'a')).stdout).toMatch(
    /^Send what it waits for:\n {2}npx selvage signal a approve JSON$/m,
  );
  await running.hasWritten(
    /^waits by: for the signal "approve" until .*\. Send it with:\n {2}npx selvage signal a approve JSON$/m,
  );
  const wrong = await selvage('signal', 'a', 'approve', '{"name":5}');
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toMatch(/InvalidSignal.*name: /);
  const unknown = await selvage('signal', 'a', 'aprove');
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('UnknownSignal')]);
  const noJson = await selvage('signal', 'a', 'approve', 'yes');
  expect([noJson.code, noJson.stderr]).toEqual([2, expect.stringContaining('is not JSON')]);
  const stored = `{"$type":"stored","value":{"hash":"bytes-sha256:${'a'.repeat(64)}","size":1}}`;
  const reference = await selvage('signal', 'a', 'approve', stored);
  expect([reference.code, reference.stderr]).toEqual([2, expect.stringContaining('--allow-references')]);
  const right = await selvage('signal', 'a', 'approve', '{"name":"ada"}', '--id', 'mail-7', '--json');
  expect(right.code).toBe(0);
  expect(JSON.parse(right.stdout)).toMatchObject({ runId: 'a', signal: 'approve', takenBy: 'by' });
  const { code, stdout } = await running.finished;
  expect(stdout).toContain('approved by ada');
  expect(code).toBe(0);
  const again = await selvage('signal', 'a', 'approve', '{"name":"ada"}', '--id', 'mail-7');
  expect(again.code).toBe(0);
  expect(again.stdout).toMatch(/^Knot by of run a takes the signal approve\.$/m);
  const over = await selvage('signal', 'a', 'approve', '{"name":"bob"}');
  expect([over.code, over.stderr]).toEqual([2, expect.stringContaining('RunOver')]);
});
