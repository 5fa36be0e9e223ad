import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { Command, makeCommandProject, runCommand } from '../../support/command-line';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';

const PIPELINE = `
import { appendFileSync } from 'node:fs';
import { knot, tapestry, waitForSignal } from 'selvage';
import { z } from 'zod';
const counted = knot('counted', ({ x }: { x: number }) => { appendFileSync('calls', 'x'); return x; });
const add = knot('add', ({ a, b }: { a: number; b: number }) => a + b);
export const waits = tapestry('waits', () => {
  const before = counted({ x: 1 }, { id: 'before' });
  const word = waitForSignal('word', z.number(), { id: 'word', after: [before] });
  return { sum: add({ a: before, b: word }, { id: 'sum' }) };
});
`;

afterAll(removeProjects);

test('a run that is in flight at a backup goes on from there after a restore, and runs nothing again that is on record', async () => {
  const project = makeCommandProject({ 'waits.ts': PIPELINE });
  const backup = path.join(project, 'monday');
  const run = ['run', 'waits.ts', '--run-id', 'r', '--json'];
  const first = new Command(project, run);
  await until('the knot before the wait has run', () => existsSync(path.join(project, 'calls')));
  await until('it is on record', async () => {
    const { stdout } = await runCommand(project, ['lineage', '--run', 'r', '--json']);
    return stdout.includes('"before"');
  });
  const made = await runCommand(project, ['backup', backup, '--json']);
  expect(made).toMatchObject({ code: 0 });
  expect(JSON.parse(made.stdout)).toMatchObject({
    files: [
      { name: 'temporal.db', contains: ['server'] },
      { name: 'selvage.db', contains: ['history', 'store', 'data'] },
    ],
  });
  const refused = await runCommand(project, ['restore', backup]);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(
    new RegExp(`error ProjectInUse: .*process ${first.pid} .*Nothing was changed`),
  );

  const signal = ['signal', 'r', 'word', '41'];
  expect((await runCommand(project, signal)).code).toBe(0);
  expect((await first.finished).code).toBe(0);
  const restored = await runCommand(project, ['restore', backup]);
  expect(restored).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/kept as .*temporal\.db\.before-restore-/),
  });

  const second = new Command(project, run);
  await second.hasWritten(/wait/i);
  expect((await runCommand(project, ['signal', 'r', 'word', '1'])).code).toBe(0);
  const { code, stdout } = await second.finished;
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ status: 'succeeded', values: { sum: 2 } });
  expect(readFileSync(path.join(project, 'calls'), 'utf8')).toBe('x');
});
