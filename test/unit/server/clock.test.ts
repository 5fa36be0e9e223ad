import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { HistoryClock, clockTrouble, createInMemoryBackends } from '../../../src/backends';
import { withFileLock } from '../../../src/server/file-lock';
import { liveLeases, takeLease } from '../../../src/server/leases';
import { serverFolder } from '../../../src/server/server-folder';
import { folderForEach } from '../../conformance/temporary-folder';
import { sampleRun } from '../../../src/testing/sample-records';

const HOUR_MS = 3_600_000;
const projectDir = folderForEach();
beforeEach(() => mkdirSync(serverFolder(projectDir()).leases, { recursive: true }));
afterEach(() => jest.restoreAllMocks());

test('a wait for a lock ends in time though the clock is set back while it lasts', async () => {
  const { lock } = serverFolder(projectDir());
  await withFileLock(lock, 1_000, async () => {
    const now = Date.now.bind(Date);
    let asked = 0;
    jest.spyOn(Date, 'now').mockImplementation(() => now() - HOUR_MS * asked++);
    await expect(withFileLock(lock, 100, () => {})).rejects.toMatchObject({ code: 'ServerStartFailed' });
  });
});

test('a lease holds whatever the clock says, and one that was left half-written does not, though it is from the future', () => {
  const folder = serverFolder(projectDir());
  const lease = takeLease(folder);
  const broken = path.join(folder.leases, 'broken.json');
  writeFileSync(broken, '{"pid":');
  const later = new Date(Date.now() + HOUR_MS);
  for (const file of [lease.file, broken]) utimesSync(file, later, later);
  expect(liveLeases(folder)).toEqual([lease.file]);
  lease.release();
  expect(readdirSync(folder.leases)).toEqual([]);
});

test('a clock that is behind the newest run is named, and one that is ahead of it is not', async () => {
  const { runHistory } = createInMemoryBackends();
  expect(await clockTrouble(runHistory)).toBeUndefined();
  const { run_id } = await runHistory.startRun(sampleRun({ started_at: 10 * HOUR_MS }));
  const at = async (time: number) => {
    jest.spyOn(Date, 'now').mockReturnValue(time);
    return await clockTrouble(runHistory);
  };
  expect(await at(11 * HOUR_MS)).toBeUndefined();
  // Clocks of two machines are never quite alike.
  expect(await at(10 * HOUR_MS - 1_000)).toBeUndefined();
  expect(await at(8 * HOUR_MS)).toMatchObject({
    code: 'ClockWentBack',
    message: expect.stringMatching(/1970-01-01T08:00.*1970-01-01T10:00/),
    details: { run: run_id, behindMs: 2 * HOUR_MS },
  });
});

test('a clock that is a day behind that of the run history is told once, and records have the time of the history', async () => {
  const { runHistory } = createInMemoryBackends();
  jest.spyOn(runHistory, 'now').mockImplementation(async () => Date.now() + 24 * HOUR_MS);
  const told: unknown[] = [];
  for (const clock of [1, 2].map(() => new HistoryClock(runHistory, (trouble) => told.push(trouble)))) {
    await clock.ask();
    expect(Math.abs(clock.now() - Date.now() - 24 * HOUR_MS)).toBeLessThan(60_000);
  }
  expect(told).toEqual([
    expect.objectContaining({
      code: 'ClockSkew',
      message: expect.stringMatching(/it is 86400 s behind\..*Set both/),
    }),
  ]);
  expect(await clockTrouble(runHistory)).toMatchObject({ code: 'ClockSkew' });
});

test('while the run history is away, the time is that of the machine', async () => {
  const { runHistory } = createInMemoryBackends();
  jest.spyOn(runHistory, 'now').mockRejectedValue(new Error('away'));
  const clock = new HistoryClock(runHistory);
  await clock.ask();
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(60_000);
});
