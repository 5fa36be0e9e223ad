import { sql, type Selectable, type SelectQueryBuilder } from 'kysely';
import {
  RUN,
  type Page,
  type RequiredRecords,
  type RunChange,
  type RunEnd,
  type RunQuery,
  type RunRecord,
} from '../../ports';
import { changedRun, endedRun } from '../../ports/parts/ended-run';
import { SqlAdapter } from './adapter';
import { newestPage } from './before';
import type { SqlDatabase, SqlExecutor } from './database';
import { hasRequired } from './required-records';
import type { RunsTable, SqlSchema } from './schema';

/** The runs of a run history in an SQL database. */
export abstract class SqlRuns<D extends SqlDatabase> extends SqlAdapter<D> {
  startRun(record: RunRecord): Promise<RunRecord> {
    return this.database.write(async (db) => {
      const inserted = await db
        .insertInto('selvage_runs')
        .values({
          ...RUN.toRow(record),
          started_change: await this.database.dialect.nextChange(db),
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst();
      if (inserted === undefined) {
        const known = await runRow(db, record.temporal_run_id).executeTakeFirst();
        // A run that was removed in between is as it was given.
        return known ? RUN.fromRow(known) : record;
      }
      const tags = [...new Set(record.tags)].map((tag) => ({
        tag,
        started_at: record.started_at,
        run: inserted.id,
      }));
      if (tags.length > 0) await db.insertInto('selvage_run_tags').values(tags).execute();
      return record;
    });
  }

  endRun(temporalRunId: string, end: RunEnd, required?: RequiredRecords): Promise<boolean> {
    const { dialect } = this.database;
    return this.database.write(async (db) => {
      const run = await this.#lockedRun(db, temporalRunId);
      if (run === undefined) return false;
      if (required && !(await hasRequired(db, dialect, temporalRunId, required))) return false;
      const { status, finished_at, details } = endedRun(run, end);
      const isNews = status !== run.status || finished_at !== run.finished_at;
      await db
        .updateTable('selvage_runs')
        .set({
          status,
          finished_at,
          details: JSON.stringify(details),
          ...(isNews && { ended_change: await dialect.nextChange(db) }),
        })
        .where('temporal_run_id', '=', temporalRunId)
        .execute();
      return true;
    });
  }

  changeRun(temporalRunId: string, change: RunChange): Promise<boolean> {
    return this.database.write(async (db) => {
      const run = await this.#lockedRun(db, temporalRunId);
      if (run === undefined) return false;
      const { plan_hash, terminals, details } = changedRun(run, change);
      await db
        .updateTable('selvage_runs')
        .set({ plan_hash, terminals: JSON.stringify(terminals), details: JSON.stringify(details) })
        .where('temporal_run_id', '=', temporalRunId)
        .execute();
      return true;
    });
  }

  /** Leaves the records. */
  protected deleteRow({
    temporal_run_id: temporalRunId,
    started_at: startedAt,
    tags,
  }: RunRecord): Promise<void> {
    return this.database.write(async (db) => {
      const row = await runRow(db, temporalRunId).executeTakeFirst();
      if (row === undefined) return;
      if (tags.length > 0) {
        await db
          .deleteFrom('selvage_run_tags')
          .where('tag', 'in', [...new Set(tags)])
          .where('started_at', '=', startedAt)
          .where('run', '=', row.id)
          .execute();
      }
      await db.deleteFrom('selvage_runs').where('id', '=', row.id).execute();
    });
  }

  async getRun(runId: string): Promise<RunRecord | undefined> {
    const row = await this.database.read((db) =>
      db
        .selectFrom('selvage_runs')
        .selectAll()
        .where('run_id', '=', runId)
        .orderBy('started_at', 'desc')
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst(),
    );
    return row && RUN.fromRow(row);
  }

  async getRunByTemporalId(temporalRunId: string): Promise<RunRecord | undefined> {
    const row = await this.database.read((db) => runRow(db, temporalRunId).executeTakeFirst());
    return row && RUN.fromRow(row);
  }

  async runsOf(temporalRunIds: readonly string[]): Promise<RunRecord[]> {
    if (temporalRunIds.length === 0) return [];
    const isOneOf = this.database.dialect.isOneOf('temporal_run_id', temporalRunIds);
    const rows = await this.database.read((db) =>
      db.selectFrom('selvage_runs').selectAll().where(isOneOf).execute(),
    );
    return rows.map(RUN.fromRow);
  }

  listRuns(query: RunQuery = {}): Promise<Page<RunRecord>> {
    return this.database.read((db) => newestPage(chosenRuns(db, query), 'started_at', query, RUN.fromRow));
  }

  /** Reads a run before a change that depends on its content. */
  async #lockedRun(db: SqlExecutor, temporalRunId: string): Promise<RunRecord | undefined> {
    const row = await runRow(db, temporalRunId).modifyEnd(this.database.dialect.lockRows).executeTakeFirst();
    return row && RUN.fromRow(row);
  }
}

type SelectRuns = SelectQueryBuilder<SqlSchema, 'selvage_runs', Selectable<RunsTable>>;

function runRow(db: SqlExecutor, temporalRunId: string): SelectRuns {
  return db.selectFrom('selvage_runs').selectAll().where('temporal_run_id', '=', temporalRunId);
}

function chosenRuns(db: SqlExecutor, query: RunQuery): SelectRuns {
  let select = db.selectFrom('selvage_runs').selectAll();
  for (const column of ['tapestry', 'status', 'actor', 'trigger'] as const) {
    const value = query[column];
    if (value !== undefined) select = select.where(column, '=', value);
  }
  if (query.tag !== undefined) {
    const tag = query.tag;
    select = select.where(({ exists, selectFrom }) =>
      exists(
        selectFrom('selvage_run_tags as t')
          .select(sql.lit(1).as('one'))
          .where('t.tag', '=', tag)
          .whereRef('t.started_at', '=', 'selvage_runs.started_at')
          .whereRef('t.run', '=', 'selvage_runs.id'),
      ),
    );
  }
  if (query.since !== undefined) select = select.where('started_at', '>=', query.since);
  if (query.until !== undefined) select = select.where('started_at', '<', query.until);
  return select;
}

export async function runFigures(
  db: SqlExecutor,
  since: number,
  until: number,
): Promise<Record<string, unknown>[]> {
  const { rows } = await sql<Record<string, unknown>>`
    select tapestry as name, status, finished_at - started_at as took, count(*) as count
    from selvage_runs where finished_at >= ${since} and finished_at < ${until} group by 1, 2, 3`.execute(db);
  return rows;
}
