import { openBackends } from '../../../src/backends';
import { runCommandLine } from '../../../src/cli/command-line';
import { exportHistory } from '../../../src/adapters/duckdb';
import { sampleLineage, sampleRun } from '../../../src/testing/sample-records';
import { readFile } from '../../support/doc-snippets';
import { folderForEach } from '../../conformance/temporary-folder';
import { recordedOutput } from './output-streams';

const folder = folderForEach();
const DAY = 86_400_000;

/** Runs `selvage stats` in this process. */
async function stats(...args: string[]): Promise<string> {
  const { output, stdout } = recordedOutput();
  expect(await runCommandLine(['stats', '--project-dir', folder(), ...args], output)).toBe(0);
  return stdout.text;
}

async function fill(exportTo?: string): Promise<void> {
  const backends = await openBackends({ projectDir: folder(), environment: {} });
  const now = Date.now();
  const knots = (when: number, count: number, took: number, failed: number) =>
    Array.from({ length: count }, (_, index) =>
      sampleLineage({
        knot_id: `${when}-${index}`,
        definition: 'fetch',
        scheduled_at: when,
        started_at: when + 3,
        finished_at: when + 3 + took,
        outcome: index < failed ? 'err' : 'ok',
        output_size: 1_024,
      }),
    );
  await backends.runHistory.startRun(
    sampleRun({ status: 'succeeded', started_at: now - 9_000, finished_at: now - 8_000 }),
  );
  await backends.runHistory.commit([...knots(now - 3 * DAY, 120, 10, 0), ...knots(now - 8_000, 60, 30, 12)]);
  await backends.runHistory.commit([
    sampleLineage({
      knot_id: 'r',
      definition: 'fetch',
      finished_at: now - 7_000,
      cached_from_run: 'earlier',
      extra: { made_in: 2_000 },
    }),
  ]);
  if (exportTo) await exportHistory(backends.runHistory, { folder: exportTo, runs: {} });
  await backends.close();
}

test('stats show figures by definition, and what became worse', async () => {
  await fill();
  const text = await stats();
  expect(text).toMatch(
    /DEFINITION +RAN +FAILED +SKIPPED +P50 +P95 +P99 +QUEUED P50 +P95 +BYTES +REUSED +SAVED/,
  );
  expect(text).toMatch(/fetch +60 +12 \(20 %\) +0 +30 ms .* 60 KiB +1 +2/);
  expect(text).toMatch(/fetch is slower: p50 30 ms instead of 10 ms \(3\.0 x\), of 60 \(120 before\)/);
  expect(text).toMatch(/fetch fails more often: 20 % instead of 0\.0 %, of 60 \(120 before\)/);
});

test('stats show runs by tapestry, knots by id, and nothing of what was asked for', async () => {
  await fill();
  expect(await stats('--by', 'tapestry', '--no-baseline')).toMatch(
    /TAPESTRY +RUNS .*\nquickstart +1 +0 +0 +1/,
  );
  const document = JSON.parse(await stats('--by', 'knot', '--since', '1h', '--json')) as {
    items: unknown[];
    baseline: { tooFewSamples: string[] };
  };
  expect(document.items).toHaveLength(61);
  expect(document.baseline.tooFewSamples).toHaveLength(61);
  expect(await stats('--since', '2001-01-01', '--until', '2001-01-02')).toMatch(/: nothing\./);
});

test('stats of exported files are those of the history', async () => {
  const exported = `${folder()}/exported`;
  await fill(exported);
  const until = new Date().toISOString().slice(0, 19) + 'Z';
  const window = ['--since', '2020-01-01', '--until', until, '--baseline', '1d', '--json'];
  expect(JSON.parse(await stats('--parquet', exported, ...window))).toEqual(
    JSON.parse(await stats(...window)),
  );
});

test('the commands of the page about it work', async () => {
  await fill();
  const commands = [...readFile('docs/operations/slow-and-failing.md').matchAll(/^\$ npx selvage (.*)$/gm)];
  expect(commands.length).toBeGreaterThan(4);
  for (const [, command] of commands) {
    const words = command!.split(' ').map((word) => (word === 'exported' ? `${folder()}/exported` : word));
    const { output, stderr } = recordedOutput();
    const code = await runCommandLine([...words, '--project-dir', folder()], output);
    expect({ command, code, error: /error.*/.exec(stderr.text)?.[0] }).toEqual({ command, code: 0 });
  }
});
