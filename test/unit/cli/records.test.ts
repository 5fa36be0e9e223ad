import { readdir } from 'node:fs/promises';
import * as path from 'node:path';
import { openAnalyticalHistory } from '../../../src/adapters/duckdb';
import { openBackends } from '../../../src/backends';
import { runCommandLine } from '../../../src/cli/command-line';
import { Output } from '../../../src/cli/output/output';
import { pastTime } from '../../../src/values/past-time';
import type { RunRecord } from '../../../src/ports';
import { sampleHash, sampleLineage, sampleRun } from '../../../src/testing/sample-records';
import { folderForEach } from '../../conformance/temporary-folder';

const HOUR = 3_600_000;
const NOW = Date.now();

const runs = [0, 1, 2].map((index) =>
  sampleRun({
    run_id: `run-${index}`,
    temporal_run_id: `temporal-run-${index}`,
    tapestry: index === 1 ? 'other' : 'quickstart',
    started_at: NOW - (2 - index) * 24 * HOUR - HOUR,
    tags: index === 1 ? [] : ['nightly', 'it’s'],
  }),
);
const lineage = runs.flatMap((run, index) =>
  ['a', 'b'].map((knot, place) =>
    sampleLineage({
      run_id: run.run_id,
      temporal_run_id: run.temporal_run_id,
      knot_id: knot,
      definition: knot === 'a' ? 'fetch' : 'store',
      outcome: index === 2 && knot === 'b' ? 'err' : 'ok',
      output_hash: index === 2 && knot === 'b' ? null : sampleHash(`${index}${knot}`),
      parent_input_hashes: { x: sampleHash(`in ${index}`), none: null },
      started_at: run.started_at + place,
      finished_at: run.started_at + place + 0.5,
      extra: index === 2 ? { error: { type: 'Error', message: 'no\nway' } } : {},
    }),
  ),
);
const folder = folderForEach();
const before = process.env['SELVAGE_HISTORY'];
afterEach(() => {
  if (before === undefined) delete process.env['SELVAGE_HISTORY'];
  else process.env['SELVAGE_HISTORY'] = before;
});

async function fill(history: string): Promise<void> {
  process.env['SELVAGE_HISTORY'] = history;
  const backends = await openBackends({ projectDir: folder() });
  for (const run of runs) await backends.runHistory.startRun(run);
  await backends.runHistory.commit(lineage);
  await backends.close();
}

async function selvage(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', ''];
  const output = new Output({ write: (text) => (stdout += text) }, { write: (text) => (stderr += text) });
  const code = await runCommandLine([...args, '--project-dir', folder()], output);
  return { code, stdout, stderr };
}

async function found(...args: string[]): Promise<string[]> {
  const { stdout } = await selvage('lineage', ...args, '--json');
  const { items } = JSON.parse(stdout) as { items: { runId: string; knotId: string }[] };
  return items.map(({ runId, knotId }) => `${runId}/${knotId}`);
}

test.each(['duckdb:history.duckdb', 'sqlite:history.db'])(
  'lineage answers by every option on %s',
  async (url) => {
    await fill(url);
    expect(await found('--definition', 'store')).toEqual(['run-2/b', 'run-1/b', 'run-0/b']);
    expect(await found('--outcome', 'err')).toEqual(['run-2/b']);
    expect(await found('--output', sampleHash('1a'))).toEqual(['run-1/a']);
    expect(await found('--output', sampleHash('1a'))).toEqual(['run-1/a']);
    expect(await found('--input', sampleHash('in 1'))).toEqual(['run-1/b', 'run-1/a']);
    expect(await found('--since', '2h')).toEqual(['run-2/b', 'run-2/a']);
    expect(await found('--since', '26h', '--until', '2h', '--knot', 'a')).toEqual(['run-1/a']);
    expect(await found('--until', new Date(NOW - 30 * HOUR).toISOString())).toEqual(['run-0/b', 'run-0/a']);

    const first = await selvage('lineage', '--definition', 'fetch', '--limit', '2', '--json');
    const { cursor } = JSON.parse(first.stdout) as { cursor: string };
    expect(await found('--definition', 'fetch', '--limit', '2', '--cursor', cursor)).toEqual(['run-0/a']);
  },
);

test.each(['duckdb:history.duckdb', 'sqlite:history.db'])(
  'an export of %s comes back as it was, in the order of listings',
  async (url) => {
    await fill(url);
    const to = path.join(folder(), "it's", 'exported');
    const { code, stdout } = await selvage('history', 'export', '--to', to);
    expect(stdout).toContain(`Exported 3 runs to ${path.join(to, 'runs.parquet')}`);
    expect(stdout).toContain(`6 lineage records to ${path.join(to, 'lineage.parquet')}`);
    expect(code).toBe(0);
    expect((await readdir(to)).sort()).toEqual(['lineage.parquet', 'runs.parquet']);

    const backends = await openBackends({ projectDir: folder() });
    const analytical = await openAnalyticalHistory({ parquet: to });
    try {
      const source = backends.runHistory;
      expect(await analytical.identity()).toBe(await source.identity());
      for (const query of [
        {},
        { inputHash: sampleHash('in 1') },
        { outputHash: sampleHash('0b') },
        { runId: 'run-2' },
      ])
        expect((await analytical.findLineage(query)).items).toEqual((await source.findLineage(query)).items);
      expect((await analytical.findLineage({})).items).toHaveLength(6);
      expect((await analytical.listRuns({ tag: 'it’s' })).items).toEqual([runs[2], runs[0]]);
      expect(await analytical.getRun('run-1')).toEqual(runs[1]);
      expect(await analytical.getRecords('temporal-run-1', ['b'])).toEqual([lineage[3]]);
    } finally {
      await analytical.close();
      await backends.close();
    }
  },
);

test('an export of some runs has all their lineage and no other, and replaces the export before', async () => {
  await fill('sqlite:history.db');
  const to = path.join(folder(), 'exported');
  await selvage('history', 'export', '--to', to);
  const { stdout } = await selvage(
    'history',
    'export',
    '--to',
    to,
    '--tapestry',
    'quickstart',
    '--since',
    '26h',
    '--json',
  );
  expect(JSON.parse(stdout)).toEqual({
    runs: 1,
    lineage: 2,
    files: { lineage: path.join(to, 'lineage.parquet'), runs: path.join(to, 'runs.parquet') },
  });
  const analytical = await openAnalyticalHistory({ parquet: to });
  expect((await analytical.listRuns()).items.map((run: RunRecord) => run.run_id)).toEqual(['run-2']);
  expect((await analytical.findLineage({})).items).toEqual([lineage[5], lineage[4]]);
  await analytical.close();
});

test('an export to where it cannot be, or of what is not there, is one line', async () => {
  await fill('sqlite:history.db');
  const file = path.join(folder(), 'history.db');
  const blocked = await selvage('history', 'export', '--to', file);
  expect(blocked).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^error FolderUnusable: .*history\.db/),
  });
  process.env['SELVAGE_HISTORY'] = 'duckdb:none.duckdb';
  const absent = await selvage('history', 'export', '--to', path.join(folder(), 'exported'));
  expect(absent).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^error FileNotFound: .*none\.duckdb/),
  });
  expect(await readdir(folder())).not.toContain('exported');
});

test('a time is a duration before now or an ISO time, and an error names the option and the forms', async () => {
  const now = Date.parse('2026-03-01T12:00:00Z');
  const times = {
    '90s': 90_000,
    '15m': 900_000,
    '2h': 2 * HOUR,
    '1.5h': 1.5 * HOUR,
    '3d': 72 * HOUR,
    '1w': 168 * HOUR,
  };
  for (const [text, ago] of Object.entries(times)) expect(pastTime(text, now)).toBe(now - ago);
  expect(pastTime('2026-03-01', now)).toBe(Date.parse('2026-03-01T00:00:00Z'));
  expect(pastTime('2026-03-01T12:00Z', now)).toBe(now);
  expect(pastTime('2026-03-01T13:00:00.000+01:00', now)).toBe(now);
  for (const wrong of ['yesterday', '2', 'h', '-2h', '2y', '2026', '2026-13-01', '']) {
    for (const command of [
      ['lineage', '--since', wrong],
      ['runs', 'list', '--since', wrong],
      ['history', 'export', '--to', folder(), '--since', wrong],
    ]) {
      const { code, stderr } = await selvage(...command);
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /^error Usage: option '--since <time>' argument '.*' is invalid\. It must say .*2h.*2026-01-31/,
      );
    }
  }
  expect(await selvage('lineage', '--outcome', 'good')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--outcome.*Allowed choices are ok, err, skipped/),
  });
  expect(await selvage('history', 'export')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^error Usage: required option '--to <folder>' not specified/),
  });
});
