import * as path from 'node:path';
import Libsql from 'libsql';
import {
  createSqliteDataStore,
  createSqliteLeaseTable,
  createSqliteRunHistory,
  createSqliteStartLedger,
  createSqliteTapestryStore,
  type SqliteDatabaseLike,
} from '../../../../src/adapters/sqlite';
import { combineBackends } from '../../../../src/backends';
import { sampleLineage, sampleValue } from '../../../../src/testing/sample-records';
import { folderForEach } from '../../../conformance/temporary-folder';

const folder = folderForEach();

function libsql(): SqliteDatabaseLike {
  return new Libsql(path.join(folder(), 'theirs.db'));
}

/** libsql that refuses what better-sqlite3 does: parameters with numbers, which that one takes for names. */
function shapedLikeBetterSqlite(): SqliteDatabaseLike {
  const database = libsql();
  return {
    exec: (sql) => database.exec(sql),
    close: () => database.close(),
    prepare(sql) {
      if (/\?\d/.test(sql)) throw new RangeError(`Too many parameter values were provided: ${sql}`);
      return database.prepare(sql);
    },
  };
}

/** libsql called as node:sqlite wants to be called: parameters one by one, never in an array. */
function shapedLikeNodeSqlite(): SqliteDatabaseLike {
  const database = libsql();
  const oneByOne = (parameters: unknown[]): unknown[] => {
    if (parameters.some(Array.isArray)) throw new TypeError('node:sqlite takes no array of parameters.');
    return parameters;
  };
  return {
    exec: (sql) => database.exec(sql),
    close: () => database.close(),
    prepare(sql) {
      const statement = database.prepare(sql);
      return {
        expandedSQL: sql,
        all: (...parameters: unknown[]) => statement.all(oneByOne(parameters)),
        run: (...parameters: unknown[]) => statement.run(oneByOne(parameters)),
      } as ReturnType<SqliteDatabaseLike['prepare']>;
    },
  };
}

function nodeSqlite(): SqliteDatabaseLike | undefined {
  const getBuiltin = (process as { getBuiltinModule?: (id: string) => unknown }).getBuiltinModule;
  const module = getBuiltin?.('node:sqlite') as
    { DatabaseSync: new (file: string) => SqliteDatabaseLike } | undefined;
  return module && new module.DatabaseSync(path.join(folder(), 'theirs.db'));
}

test.each([
  ['of libsql, in the manner of better-sqlite3', shapedLikeBetterSqlite],
  ['in the manner of node:sqlite', shapedLikeNodeSqlite],
  ['of node:sqlite itself, where this Node has it', () => nodeSqlite() ?? shapedLikeNodeSqlite()],
])('a connection %s serves all backends, and stays open', async (_, connect) => {
  const database = connect();
  const backends = combineBackends({
    tapestryStore: await createSqliteTapestryStore({ database }),
    runHistory: await createSqliteRunHistory({ database }),
    dataStore: await createSqliteDataStore({ database }),
    leaseTable: await createSqliteLeaseTable({ database }),
    startLedger: await createSqliteStartLedger({ database }),
  });
  const value = sampleValue('a value');
  const commits = Array.from({ length: 100 }, (_, index) => ({
    record: sampleLineage({ knot_id: `k${index}`, output_hash: value.hash }),
    values: [value],
  }));
  const answers = await Promise.all(commits.map((commit) => backends.commit([commit])));
  expect(answers.flat().every((answer) => answer.inserted)).toBe(true);
  expect(await backends.commit(commits.slice(0, 2))).toEqual(
    commits.slice(0, 2).map(({ record }) => ({ inserted: false, record })),
  );
  expect(Buffer.from((await backends.dataStore.get(value.hash)) ?? []).toString()).toBe('a value');
  expect((await backends.runHistory.findLineage({ outputHash: value.hash, limit: 1000 })).items).toHaveLength(
    100,
  );
  await backends.close();
  expect(database.prepare('select count(*) as n from selvage_lineage').all()).toMatchObject([{ n: 100 }]);
  database.close();
});
