import { openBackends } from '../../../src/backends';
import { runCommandLine } from '../../../src/cli/command-line';
import type { Backends } from '../../../src/ports';
import { copyRecords } from '../../../src/records/retention';
import { sampleRun } from '../../../src/testing/sample-records';
import { folderForEach } from '../../conformance/temporary-folder';
import { contentsOf, fillProject, OPEN_RUN } from '../../support/copied-project';
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

test('a copy refuses a target with other runs unless it is told, and the same history', async () => {
  await withBackends(undefined, (from) => fillProject(from, 1));
  const other = sampleRun({ run_id: 'other', temporal_run_id: 'temporal-other', status: 'succeeded' });
  await withBackends(target(), ({ runHistory }) => runHistory.startRun(other));
  const refused = await copy();
  expect(refused).toMatchObject({ code: 2, text: expect.stringContaining('HistoryNotEmpty') as string });
  expect((await copy('--into-used')).text).toContain('All that was copied is equal.');
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
