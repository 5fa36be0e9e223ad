import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { createSqliteRunHistory, type SqliteRunHistory } from '../../../../src/adapters/sqlite';
import { repairDatabase } from '../../../../src/adapters/sqlite/repair';
import type { HistoryChange } from '../../../../src/ports';
import { sampleLineage, sampleRun } from '../../../../src/testing/sample-records';
import { folderForEach } from '../../../conformance/temporary-folder';
import { overwritePages, pagesOf, withoutLog } from '../../../support/database-blows';

const folder = folderForEach();

async function using<T>(work: (history: SqliteRunHistory) => Promise<T>): Promise<T> {
  const history = await createSqliteRunHistory({ path: path.join(folder(), 'selvage.db') });
  try {
    return await work(history);
  } finally {
    await history.close();
  }
}

async function next(history: SqliteRunHistory, after?: string): Promise<readonly HistoryChange[]> {
  const reading = history.changes({ ...(after !== undefined && { after }) })[Symbol.asyncIterator]();
  return (await reading.next()).value as readonly HistoryChange[];
}

const commit = async (history: SqliteRunHistory, knot: string, finishedAt: number): Promise<void> => {
  await history.commit([sampleLineage({ knot_id: knot, finished_at: finishedAt })]);
};

test('a position that a file has no more, since a copy of it was restored, is refused', async () => {
  const file = path.join(folder(), 'selvage.db');
  const kept = await using(async (history) => {
    await commit(history, 'kept', 1);
    return await history.lastChange();
  });
  copyFileSync(file, `${file}.copy`);
  const lost = await using(async (history) => {
    await commit(history, 'lost', 2);
    return await history.lastChange();
  });
  copyFileSync(`${file}.copy`, file);
  const refusal = {
    code: 'InvalidCursor',
    message: expect.stringMatching(/selvage\.db .*put back to an older state/),
  };
  await using(async (history) => {
    await expect(next(history, lost)).rejects.toMatchObject(refusal);
    // As many as before, and one more.
    for (const time of [3, 4]) {
      await commit(history, `other ${time}`, time);
      await expect(next(history, lost)).rejects.toMatchObject(refusal);
    }
    expect((await next(history, kept)).map(({ knot_id }) => knot_id)).toEqual(['other 3', 'other 4']);
  });
});

test('a reader hears of a file that has something else where it was, when there is more', async () => {
  await using(async (history) => {
    await commit(history, 'lost', 1);
    const reading = history.changes()[Symbol.asyncIterator]();
    await reading.next();
    const following = reading.next();
    await using(async (other) => {
      await other.database.write((db) =>
        db.updateTable('selvage_lineage').set({ finished_at: 2, knot_id: 'other' }).execute(),
      );
      await commit(other, 'more', 3);
    });
    await expect(following).rejects.toMatchObject({ code: 'InvalidCursor' });
  });
});

test('numbers go on behind those of runs where a repaired file has lost its records', async () => {
  const file = path.join(folder(), 'selvage.db');
  const last = await using(async (history) => {
    await commit(history, 'a', 1);
    await history.startRun(sampleRun());
    return await history.lastChange();
  });
  withoutLog(file);
  const pages = ['selvage_lineage', 'sqlite_sequence'].flatMap((table) => pagesOf(file, table).leaf);
  overwritePages(file, pages);
  expect(await repairDatabase(file, { stamp: 'today', beforeSwap: async () => {} })).toMatchObject({
    state: 'repaired',
  });
  await using(async (history) => {
    await commit(history, 'b', 2);
    expect((await next(history, last)).map(({ knot_id }) => knot_id)).toEqual(['b']);
  });
});
