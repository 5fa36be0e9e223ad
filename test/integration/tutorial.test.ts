import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command, runCommand } from '../support/command-line';
import { makeProject, removeProjects } from './server/projects';

const tutorial = path.resolve(__dirname, '../../examples/tutorial');
const SHOPS = 'shops=["north","mall"]';
let project: string;

beforeAll(() => {
  project = makeProject();
});
afterAll(removeProjects);

interface RunDocument {
  readonly values: Record<string, unknown>;
  readonly outcomes: Record<string, { kind: string }>;
}

async function run(step: string, ...args: string[]): Promise<{ code: number | null; document: RunDocument }> {
  const { code, stdout } = await runCommand(project, ['run', path.join(tutorial, step), ...args, '--json']);
  return { code, document: JSON.parse(stdout) as RunDocument };
}

test('one price', async () => {
  const { code, document } = await run('1-one-price.ts', '--param', 'shop=north');
  expect(code).toBe(0);
  expect(document.values).toEqual({ label: 'north: 50 EUR' });
});

test('a shop that is closed', async () => {
  const { code, document } = await run('1-one-price.ts', '--param', 'shop=closed');
  expect(code).toBe(1);
  expect(document.outcomes).toMatchObject({ price: { kind: 'err' }, label: { kind: 'skipped' } });
});

test('many prices, one of them missing', async () => {
  const { code, document } = await run('2-many-prices.ts', '--param', 'shops=["north","closed","mall"]');
  expect(code).toBe(0);
  expect(document.values).toEqual({ prices: [50, 40], cheapest: 40 });
});

test('the second run takes over what the first has made of equal prices', async () => {
  for (const day of ['monday', 'tuesday']) {
    const { document } = await run('3-reused-prices.ts', '--param', SHOPS, '--run-id', day);
    expect(document.values).toEqual({ analysis: { lowest: 40, mean: 45 } });
  }
  const { code, stdout } = await runCommand(project, ['cache', 'explain', 'tuesday', 'analysis']);
  expect(code).toBe(0);
  expect(stdout).toContain('monday');
});

test('a run that waits for an approval outlives its command, refuses a wrong word, and ends by the right one', async () => {
  const out = path.join(project, 'prices.txt');
  const args = ['run', path.join(tutorial, '4-approved-prices.ts'), '--param', SHOPS, '--run-id', 'january'];
  const shown = async (): Promise<string> => (await runCommand(project, ['runs', 'show', 'january'])).stdout;

  const first = new Command(project, [...args, '--param', `out=${out}`]);
  await first.hasWritten(/Run january/);
  while (!(await shown()).includes('waits for the signal "approve"'));
  first.signal('SIGKILL');
  expect((await first.finished).code).toBeNull();

  const second = new Command(project, [...args, '--param', `out=${out}`]);
  await second.hasWritten(/Run january/);
  const wrong = await runCommand(project, ['signal', 'january', 'approve', '{"by":5}']);
  expect(wrong.code).not.toBe(0);
  expect(wrong.stderr).toContain('InvalidSignal');
  expect(await shown()).toContain('waits for the signal "approve"');
  const right = await runCommand(project, ['signal', 'january', 'approve', '{"by":"ada","publish":true}']);
  expect(right.stdout).toContain('Knot approved of run january takes the signal approve.');
  const { code, stdout } = await second.finished;
  expect(stdout).toContain('Run january succeeded');
  expect(code).toBe(0);
  expect(readFileSync(out, 'utf8')).toBe('from 40 EUR, 45 in the mean (ada)\n');
});
