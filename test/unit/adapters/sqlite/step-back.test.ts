import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSqliteRunHistory } from '../../../../src/adapters/sqlite';
import { noticeStepBack } from '../../../support/step-back';

test('a database that went back in time is noticed by whoever has lost commits, and told once', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'selvage-test-'));
  const file = { path: path.join(folder, 'selvage.db') };
  const histories = [await createSqliteRunHistory(file), await createSqliteRunHistory(file)] as const;
  const { told, recorded, between } = await noticeStepBack(histories);
  expect(told.map(([, isFirst]) => isFirst)).toEqual([true, false]);
  expect(recorded).toEqual([told[0]![0]]);
  expect(recorded[0]).toMatchObject({ noticed_by: expect.stringContaining(String(process.pid)) });
  expect(recorded[0]!.lost_after).toBeGreaterThanOrEqual(between[0]);
  expect(recorded[0]!.lost_after).toBeLessThanOrEqual(between[1]);
  for (const history of histories) await history.close();
  rmSync(folder, { recursive: true });
});
