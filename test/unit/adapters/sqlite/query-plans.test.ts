import * as path from 'node:path';
import Libsql from 'libsql';
import {
  createSqliteRunHistory,
  type SqliteDatabaseLike,
  type SqliteRunHistory,
} from '../../../../src/adapters/sqlite';
import type { LineageQuery } from '../../../../src/ports';
import { sampleHash, sampleRun } from '../../../../src/testing/sample-records';
import { folderForEach } from '../../../conformance/temporary-folder';

const folder = folderForEach();

/** How SQLite goes about the statement that a lineage query becomes. */
function planOf(query: LineageQuery): Promise<string> {
  return planOfLast((history) => history.findLineage(query));
}

async function planOfLast(ask: (history: SqliteRunHistory) => Promise<unknown>): Promise<string> {
  const libsql = new Libsql(path.join(folder(), 'plans.db'));
  const prepared: string[] = [];
  const database: SqliteDatabaseLike = {
    exec: (sql) => libsql.exec(sql),
    close: () => libsql.close(),
    prepare(sql) {
      prepared.push(sql);
      return libsql.prepare(sql);
    },
  };
  const history = await createSqliteRunHistory({ database });
  await ask(history);
  const sql = prepared[prepared.length - 1] as string;
  const steps = libsql.prepare(`explain query plan ${sql}`).all() as { detail: string }[];
  libsql.close();
  return steps.map((step) => step.detail).join('\n');
}

const hash = sampleHash('x');

const BY_INDEX = 'SEARCH w USING PRIMARY KEY (key=? AND role=?';

test.each<[LineageQuery]>([
  [{ outputHash: hash }],
  [{ inputHash: hash, outputHash: hash, definition: 'c', outcome: 'err' }],
  [{ knotId: 'k', runId: 'r', inputHash: hash, outcome: 'ok' }],
  [{ runId: 'r', definition: 'c', outputHash: hash, outcome: 'err' }],
  [{ temporalRunId: 't', definition: 'c', inputHash: hash }],
  [{ definition: 'c', outcome: 'ok', until: 1 }],
  [{ definition: 'c', outcome: 'err', since: 1 }],
  [{}],
  [{ until: 1, outcome: 'ok' }],
])('a page of lineage is read in order: %j', async (query) => {
  for (const page of [query, { ...query, cursor: '5_5' }]) {
    const plan = await planOf(page);
    expect(plan).toContain(BY_INDEX);
    expect(plan).not.toMatch(/TEMP B-TREE|SCAN/);
  }
});

test('one knot of one Temporal run is found by its key', async () => {
  expect(await planOf({ temporalRunId: 't', knotId: 'k', definition: 'c' })).toMatch(
    /SEARCH l USING INDEX sqlite_autoindex_selvage_lineage_1 \(temporal_run_id=\? AND knot_id=\?\)/,
  );
});

test('the hashes that begin like a text are looked up one by one, in the order of an index', async () => {
  const plan = await planOfLast((history) => history.findHashes('sha256:ab', 10));
  expect(plan).toMatch(/^SEARCH selvage_lineage_index USING PRIMARY KEY \(key>\? AND key<\?\)$/);
});

test('which values the records name is told by indexes alone', async () => {
  const plan = await planOfLast((history) => history.referredTo([hash]));
  expect(plan).toContain('SEARCH selvage_lineage_index USING PRIMARY KEY (key=? AND role=?)');
  expect(plan).toContain('SEARCH selvage_lineage USING INDEX selvage_lineage_by_mentioned_value');
  expect(plan).not.toMatch(/SCAN selvage/);
});

test('changes behind a position, and the last one, are found by their numbers', async () => {
  const behind = await planOfLast(async (history) => {
    await history.startRun(sampleRun());
    await history.changes()[Symbol.asyncIterator]().next();
  });
  expect(behind).toMatch(/SEARCH l USING INTEGER PRIMARY KEY \(rowid>\?\)/);
  expect(behind).toMatch(/USING INDEX selvage_runs_by_started_change \(started_change>\?\)/);
  expect(behind).toMatch(/USING INDEX selvage_runs_by_ended_change \(ended_change>\?\)/);
  expect(behind).not.toMatch(/SCAN selvage/);
  const last = await planOfLast(async (history) => {
    await history.startRun(sampleRun());
    await history.lastChange();
  });
  expect(last).not.toMatch(/SCAN selvage/);
});
