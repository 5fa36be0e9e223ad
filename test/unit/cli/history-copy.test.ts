import { openBackends } from '../../../src/backends';
import { runCommandLine } from '../../../src/cli/command-line';
import type { Backends, Page, PageOptions, StoredPlan } from '../../../src/ports';
import { copyRecords } from '../../../src/records/retention';
import { sampleLineage, sampleRun, sampleValue } from '../../../src/testing/sample-records';
import { folderForEach } from '../../conformance/temporary-folder';
import { contentsOf, fillProject, OPEN_RUN } from '../../support/copied-project';
import { withMethods } from '../../support/with-methods';
import { recordedOutput } from './output-streams';

const folder = folderForEach();

const target = (): string => `sqlite:${folder()}/target.db`;

async function withBackends<T>(
  url: string | undefined,
  work: (backends: Backends) => Promise<T>,
): Promise<T> {
  const backends = await openBackends({ projectDir: folder(), environment: {}, ...(url && { url }) });
  try {
    return await work(backends);
  } finally {
    await backends.close();
  }
}

async function copy(...args: string[]): Promise<{ code: number; text: string }> {
  const { output, stdout, stderr } = recordedOutput();
  const words = ['history', 'copy', '--project-dir', folder(), '--to', target(), ...args];
  const code = await runCommandLine(words, output);
  return { code, text: stdout.text + stderr.text };
}

test('a copy has all that is over, equal to the source, and says what it left out', async () => {
  await withBackends(undefined, fillProject);
  const { code, text } = await copy();
  expect(text).toMatch(/runs: +5 there, 5 copied now/);
  expect(text).toMatch(/records: +11 there, 11 copied now/);
  expect(text).toContain('Left out: 1 run not over');
  expect(code).toBe(1);
  expect(await withBackends(target(), contentsOf)).toEqual(await withBackends(undefined, contentsOf));
});

test('a second copy brings what came since, and nothing twice', async () => {
  await withBackends(undefined, fillProject);
  await copy();
  await withBackends(undefined, ({ runHistory }) =>
    runHistory.endRun(OPEN_RUN, { status: 'failed', finished_at: 1_800_000_000_001, details: {} }),
  );
  const { code, text } = await copy();
  expect({ code, text }).toMatchObject({ code: 0 });
  expect(text).toMatch(/runs: +6 there, 1 copied now/);
  expect(text).toMatch(/values: +6 there, 0 copied now/);
  expect(text).toContain('All that was copied is equal.');
});

test('a copy that was broken off goes on where it was', async () => {
  await withBackends(undefined, (from) => fillProject(from, 205));
  await withBackends(undefined, (from) =>
    withBackends(target(), async (to) => {
      const broken = copyRecords({
        from,
        to,
        onProgress: ({ runs }) => {
          if (runs.added >= 100) throw new Error('broken off');
        },
      });
      await expect(broken).rejects.toThrow('broken off');
      const report = await copyRecords({ from, to });
      expect(report.runs).toEqual({ total: 205, added: 105 });
      expect(report.differences).toEqual([]);
      expect(await contentsOf(to)).toEqual(await contentsOf(from));
    }),
  );
});

test('a run that began while it copied, and one that ended meanwhile, are left to the next copy', async () => {
  await withBackends(undefined, fillProject);
  await withBackends(undefined, (from) =>
    withBackends(target(), async (to) => {
      const { runHistory, dataStore, tapestryStore } = from;
      const busy = withMethods(tapestryStore, {
        async list(options?: PageOptions): Promise<Page<StoredPlan>> {
          await dataStore.put([sampleValue('late')]);
          const of = { run_id: 'late', temporal_run_id: 'temporal-late' };
          await runHistory.startRun(sampleRun({ ...of, status: 'running' }));
          await runHistory.commit([sampleLineage({ ...of, output_hash: sampleValue('late').hash })]);
          for (const run of [OPEN_RUN, 'temporal-late'])
            await runHistory.endRun(run, { status: 'failed', finished_at: 1_800_000_000_001, details: {} });
          return await tapestryStore.list(options);
        },
      });
      const first = await copyRecords({ from: { ...from, tapestryStore: busy }, to });
      expect(first).toMatchObject({ differences: [], runs: { added: 5 } });
      expect(await copyRecords({ from, to })).toMatchObject({ differences: [], runs: { added: 2 } });
      expect(await contentsOf(to)).toEqual(await contentsOf(from));
    }),
  );
});

test('a copy refuses a target with other runs unless it is told, and the same history', async () => {
  await withBackends(undefined, (from) => fillProject(from, 1));
  const other = sampleRun({ run_id: 'other', temporal_run_id: 'temporal-other', status: 'succeeded' });
  await withBackends(target(), ({ runHistory }) => runHistory.startRun(other));
  const refused = await copy();
  expect(refused).toMatchObject({ code: 2, text: expect.stringContaining('RunHistoryNotEmpty') as string });
  expect((await copy('--merge')).text).toContain('All that was copied is equal.');
  const same = await copy('--from', target());
  expect(same).toMatchObject({ code: 2, text: expect.stringContaining('same run history') as string });
});

test('a copy tells what differs', async () => {
  await withBackends(undefined, (from) => fillProject(from, 1));
  const altered = sampleRun({ run_id: 'run-0', temporal_run_id: 'temporal-0', status: 'failed' });
  await withBackends(target(), ({ runHistory }) => runHistory.startRun(altered));
  const { code, text } = await copy();
  expect(code).toBe(1);
  expect(text).toContain('differs: run run-0 has another record');
});
