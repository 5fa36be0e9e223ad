import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { Command, runCommand } from '../support/command-line';
import { makeProject, removeProjects } from './server/projects';

const examples = path.resolve(__dirname, '../../examples');
let project: string;

beforeAll(() => {
  project = makeProject();
});
afterAll(removeProjects);

interface RunDocument {
  values: Record<string, unknown>;
  outcomes: Record<string, { kind: string }>;
  counts: Record<string, number>;
}

async function run(...args: string[]): Promise<{ code: number | null; document: RunDocument }> {
  const { code, stdout } = await runCommand(project, ['run', ...args, '--json']);
  return { code, document: JSON.parse(stdout) as RunDocument };
}

test('quickstart', async () => {
  const { code, document } = await run(path.join(examples, 'quickstart', 'pipeline.ts'), '--param', 'x=5');
  expect(code).toBe(0);
  expect(document.values).toEqual({ answer: 15 });
});

test('a document in YAML', async () => {
  const { code, document } = await run(
    path.join(examples, 'yaml', 'pipeline.yaml'),
    '--param',
    'words=["warp", "", "shuttle"]',
  );
  expect(code).toBe(0);
  expect(document.values).toEqual({ line: 'The longest is shuttle, with 7 letters.' });
});

describe('the scripts of the README', () => {
  const runScript = (name: string): string =>
    execFileSync(
      process.execPath,
      ['--require', require.resolve('tsx/cjs'), path.join(examples, 'quickstart', name)],
      { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );

  test('a client with a worker in one process', () => {
    const lines = runScript('run.ts').trim().split('\n');
    expect(lines).toContain('answer: 15');
    expect(lines).toContain('made from: {"a":"param:x","b":"d"}');
  });

  test('a run in process, with a body replaced', () => {
    expect(runScript('in-process.ts').trim()).toBe("{ 'param:x': 5, d: 100, answer: 105 }");
  });
});

describe('weather', () => {
  const file = path.join(examples, 'weather', 'pipeline.ts');

  test('reads the real data, compares the years, and writes the report that its README shows', async () => {
    const out = path.join(project, 'reports', 'seattle.md');
    const { code, document } = await run(file, '--param', `out=${out}`);
    expect(code).toBe(0);
    expect(document.counts).toEqual({ ok: 11, err: 0, skipped: 0 });
    expect(document.values).toMatchObject({
      comparison: { warmest: 2015, wettest: 2014, warming: 2.1 },
      report: out,
      latest: { year: 2015, days: 365 },
    });
    const report = readFileSync(out, 'utf8');
    expect(report).toContain('| 2012 | 366 | 15.3 °C | 34.4 °C on 2012-08-16 | 1226.0 mm | 177 |');
    expect(readFileSync(path.join(examples, 'weather', 'README.md'), 'utf8')).toContain(report);
    expect(readdirSync(path.dirname(out))).toEqual(['seattle.md']);
  });

  test('with fail=true, one knot fails, what needs it is skipped, and the rest is there', async () => {
    const out = path.join(project, 'never.md');
    const { code, document } = await run(file, '--param', `out=${out}`, '--param', 'fail=true');
    expect(code).toBe(1);
    expect(document.counts).toEqual({ ok: 8, err: 1, skipped: 2 });
    expect(document.outcomes).toMatchObject({
      'year-2013': { kind: 'ok' },
      'year-2014': { kind: 'err', error: { message: expect.stringContaining('2014 are lost') as string } },
      comparison: { kind: 'skipped' },
      report: { kind: 'skipped' },
    });
    expect(document.values).toMatchObject({ latest: { year: 2015 } });
    expect(existsSync(out)).toBe(false);
  });
});

describe('the tutorial', () => {
  const step = (name: string): string => path.join(examples, 'tutorial', name);
  const SHOPS = 'shops=["north","mall"]';

  test('one price', async () => {
    const { code, document } = await run(step('1-one-price.ts'), '--param', 'shop=north');
    expect(code).toBe(0);
    expect(document.values).toEqual({ label: 'north: 50 EUR' });
  });

  test('a shop that is closed', async () => {
    const { code, document } = await run(step('1-one-price.ts'), '--param', 'shop=closed');
    expect(code).toBe(1);
    expect(document.outcomes).toMatchObject({ price: { kind: 'err' }, label: { kind: 'skipped' } });
  });

  test('many prices, one of them missing', async () => {
    const { code, document } = await run(
      step('2-many-prices.ts'),
      '--param',
      'shops=["north","closed","mall"]',
      '--run-id',
      'many',
    );
    expect(code).toBe(0);
    expect(document.values).toEqual({ prices: [50, 40], cheapest: 40 });
    const { stdout } = await runCommand(project, ['lineage', '--run', 'many', '--knot', 'prices[1]']);
    expect(stdout).toContain('does not answer');
  });

  test('the second run takes over what the first has made of equal prices', async () => {
    for (const day of ['monday', 'tuesday']) {
      const { document } = await run(step('3-reused-prices.ts'), '--param', SHOPS, '--run-id', day);
      expect(document.values).toEqual({ analysis: { lowest: 40, mean: 45 } });
    }
    const { code, stdout } = await runCommand(project, ['cache', 'explain', 'tuesday', 'analysis']);
    expect(code).toBe(0);
    expect(stdout).toContain('monday');
  });

  test('with one shop more, the runs differ by their parameters', async () => {
    const more = 'shops=["north","mall","plaza"]';
    const { document } = await run(step('3-reused-prices.ts'), '--param', more, '--run-id', 'wednesday');
    expect(document.values).toMatchObject({ analysis: { lowest: 40 } });
    const { code, stdout } = await runCommand(project, ['diff', 'tuesday', 'wednesday']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ {2}param:shops {2}/m);
  });

  test('a run that waits for an approval outlives its command, refuses a wrong word, and ends by the right one', async () => {
    const out = path.join(project, 'prices.txt');
    const args = ['run', step('4-approved-prices.ts'), '--param', SHOPS, '--run-id', 'january'];
    const shown = async (): Promise<string> =>
      (await runCommand(project, ['runs', 'show', 'january'])).stdout;

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
});
