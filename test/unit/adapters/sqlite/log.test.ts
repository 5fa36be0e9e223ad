import { copyFile } from 'node:fs/promises';
import * as path from 'node:path';
import { createSqliteRunHistory } from '../../../../src/adapters/sqlite';
import { sampleLineage } from '../../../../src/testing/sample-records';
import { folderForEach } from '../../../conformance/temporary-folder';
import { until } from '../../../support/until';

const folder = folderForEach();

test('timers fire while somebody reads again and again', async () => {
  const history = await createSqliteRunHistory({ path: path.join(folder(), 'selvage.db') });
  const { temporal_run_id, knot_id } = sampleLineage();
  await history.commit([sampleLineage()]);
  let hasFired = false;
  setTimeout(() => (hasFired = true), 1);
  for (let reads = 0; reads < 100_000 && !hasFired; reads++)
    await history.getOutcomes(temporal_run_id, [knot_id]);
  expect(hasFired).toBe(true);
  await history.close();
});

test('when nothing was written for a moment, the file alone has all that was committed', async () => {
  const file = path.join(folder(), 'selvage.db');
  const history = await createSqliteRunHistory({ path: file });
  const { temporal_run_id, knot_id } = sampleLineage();
  await history.commit([sampleLineage()]);
  await until('a copy of the file has the record', async () => {
    const copy = path.join(folder(), `copy-${Date.now()}.db`);
    await copyFile(file, copy);
    const copied = await createSqliteRunHistory({ path: copy });
    const records = await copied.getRecords(temporal_run_id, [knot_id]);
    await copied.close();
    return records.length === 1;
  });
  await history.close();
});
