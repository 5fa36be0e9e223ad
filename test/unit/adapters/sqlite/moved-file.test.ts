import { mkdtempSync, rmSync } from 'node:fs';
import { copyFile, rename } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSqliteRunHistory } from '../../../../src/adapters/sqlite';
import { sampleLineage } from '../../../../src/testing/sample-records';

test('nothing is written to a database that was deleted or replaced, and it goes on when it is back', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'selvage-test-'));
  const file = path.join(folder, 'selvage.db');
  const elsewhere = path.join(folder, 'elsewhere.db');
  const history = await createSqliteRunHistory({ path: file });
  const refused = (message: RegExp) => ({
    code: 'BackendUnavailable',
    message: expect.stringMatching(message),
  });
  await history.commit([sampleLineage({ knot_id: 'a' })]);
  await rename(file, elsewhere);
  // The file is looked at once a turn of the event loop.
  await nextTurn();
  await expect(history.commit([sampleLineage({ knot_id: 'b' })])).rejects.toMatchObject(
    refused(/was deleted/),
  );
  await copyFile(elsewhere, file);
  await nextTurn();
  await expect(history.getRecords('temporal-run-1')).rejects.toMatchObject(refused(/was replaced/));
  await rename(elsewhere, file);
  await nextTurn();
  expect(await history.getRecords('temporal-run-1')).toMatchObject([{ knot_id: 'a' }]);
  await history.close();
  rmSync(folder, { recursive: true });
});
