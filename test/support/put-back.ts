import { sql } from 'kysely';
import type { SqlRunHistory } from '../../src/adapters/sql/run-history';
import type { SqlDatabase, SqlExecutor } from '../../src/adapters/sql/database';
import type { Backends } from '../../src/ports';

export async function countAllRecords({ runHistory }: Backends): Promise<number> {
  const { database } = runHistory as SqlRunHistory<SqlDatabase>;
  const { count } = await database.read((db) =>
    db
      .selectFrom('selvage_lineage')
      .select((of) => of.fn.countAll<number | string>().as('count'))
      .executeTakeFirstOrThrow(),
  );
  return Number(count);
}

/** Remembers the numbers by which processes notice lost commits. Returns a function that restores them. */
export async function rememberNumbers(
  db: SqlExecutor,
  technology: string,
): Promise<(db: SqlExecutor) => Promise<void>> {
  if (technology === 'sqlite') {
    const { rows } = await sql<{ seq: number }>`select seq from sqlite_sequence`.execute(db);
    return async (later) => void (await sql`update sqlite_sequence set seq = ${rows[0]!.seq}`.execute(later));
  }
  const writers = await db.selectFrom('selvage_writers').selectAll().execute();
  return async (later) => {
    await later.deleteFrom('selvage_writers').execute();
    if (writers.length > 0) await later.insertInto('selvage_writers').values(writers).execute();
  };
}

/**
 * Remembers the state of a database. Returns a function that restores it in one transaction while others use it, like
 * the restore of a copy, or a lagging replica that takes over.
 */
export async function rememberDatabase(backends: Backends): Promise<() => Promise<void>> {
  const { database } = backends.runHistory as SqlRunHistory<SqlDatabase>;
  const newest = async (db: SqlExecutor, table: 'selvage_plans' | 'selvage_runs' | 'selvage_lineage') => {
    const { id } = await db
      .selectFrom(table)
      .select((of) => of.fn.max('id').as('id'))
      .executeTakeFirstOrThrow();
    return Number(id ?? 0);
  };
  // Nobody is within a commit, so that earlier commits are there completely, and later ones not at all.
  const alone = async (db: SqlExecutor): Promise<void> => {
    if (backends.runHistory.technology === 'postgres')
      await sql`lock table selvage_lineage in exclusive mode`.execute(db);
  };
  const before = await database.write(async (db) => {
    await alone(db);
    return {
      plans: await newest(db, 'selvage_plans'),
      runs: await newest(db, 'selvage_runs'),
      lineage: await newest(db, 'selvage_lineage'),
      running: await db
        .selectFrom('selvage_runs')
        .select('temporal_run_id')
        .where('status', '=', 'running')
        .execute(),
      values: new Set(
        (await db.selectFrom('selvage_values').select('hash').execute()).map(({ hash }) => hash),
      ),
      putNumbersBack: await rememberNumbers(db, backends.runHistory.technology),
    };
  });
  return async () => {
    await database.write(async (db) => {
      await alone(db);
      await db.deleteFrom('selvage_plans').where('id', '>', before.plans).execute();
      await db.deleteFrom('selvage_runs').where('id', '>', before.runs).execute();
      await db.deleteFrom('selvage_lineage').where('id', '>', before.lineage).execute();
      await db.deleteFrom('selvage_lineage_index').where('lineage', '>', before.lineage).execute();
      for (const { temporal_run_id } of before.running) {
        await db
          .updateTable('selvage_runs')
          .set({ status: 'running', finished_at: null, ended_change: null })
          .where('temporal_run_id', '=', temporal_run_id)
          .execute();
      }
      for (const { hash } of await db.selectFrom('selvage_values').select('hash').execute())
        if (!before.values.has(hash))
          await db.deleteFrom('selvage_values').where('hash', '=', hash).execute();
      await before.putNumbersBack(db);
      await db.deleteFrom('selvage_leases').execute();
    });
  };
}
