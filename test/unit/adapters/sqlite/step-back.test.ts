import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSqliteRunHistory } from '../../../../src/adapters/sqlite';
import { sampleLineage } from '../../../../src/testing/sample-records';
import { noticeStepBack } from '../../../support/step-back';

test('a database that went back in time is noticed by whoever has lost commits, and told once', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'selvage-test-'));
  const file = { path: path.join(folder, 'selvage.db') };
  const histories = [await createSqliteRunHistory(file), await createSqliteRunHistory(file)] as const;
  const { told, recorded, kept } = await noticeStepBack(histories);
  expect(told.map(([, isFirst]) => isFirst)).toEqual([true, false]);
  expect(recorded).toEqual([told[0]![0]]);
  expect(recorded[0]).toMatchObject({
    lost_after: kept,
    noticed_by: expect.stringContaining(String(process.pid)),
  });
  for (const history of histories) await history.close();
  rmSync(folder, { recursive: true });
});

test('that it went back between two commits of one turn of the event loop is noticed, too', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'selvage-test-'));
  const history = await createSqliteRunHistory({ path: path.join(folder, 'selvage.db') });
  let told = 0;
  history.onStepBack(() => (told += 1));
  // A turn that lasts long is given up between two uses of the file.
  const clock = jest.spyOn(performance, 'now').mockReturnValue(performance.now());
  let turns = 0;
  const nextTurn = setImmediate(() => (turns += 1));
  for (const knot_id of ['k1', 'k2']) await history.commit([sampleLineage({ knot_id })]);
  await history.database.writeAtOnce((connection) => {
    connection.exec("delete from selvage_lineage where knot_id = 'k2'");
    connection.exec('update sqlite_sequence set seq = 1');
  });
  await history.commit([sampleLineage({ knot_id: 'k3' })]);
  expect({ told, turns }).toEqual({ told: 1, turns: 0 });
  clearImmediate(nextTurn);
  clock.mockRestore();
  await history.close();
  rmSync(folder, { recursive: true });
});
