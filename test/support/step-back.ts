import type { SqlRunHistory } from '../../src/adapters/sql/run-history';
import type { SqlDatabase } from '../../src/adapters/sql/database';
import type { RunHistory, StepBack } from '../../src/ports';
import { sampleLineage } from '../../src/testing/sample-records';
import { rememberNumbers } from './put-back';

/**
 * Commits by two writers, restores an older state, and returns what each notices: the first at its next commit, the
 * second after the first has written more than was lost.
 */
export async function noticeStepBack(histories: readonly [RunHistory, RunHistory]): Promise<{
  readonly told: readonly (readonly [StepBack, boolean])[];
  readonly recorded: readonly StepBack[];
  /** The time of the last remaining commit. */
  readonly kept: number;
}> {
  const told: [StepBack, boolean][] = [];
  let number = 0;
  const commit = async (history: RunHistory): Promise<void> => {
    // A restore takes some turns of the event loop, so each commit has its own.
    await new Promise((resolve) => setTimeout(resolve, 5));
    await history.commit([sampleLineage({ knot_id: `k${++number}`, finished_at: Date.now() })]);
  };
  const [first, second] = histories;
  for (const history of histories) history.onStepBack!((step, isFirst) => told.push([step, isFirst]));
  for (const history of histories) await commit(history);
  const { database } = first as SqlRunHistory<SqlDatabase>;
  const putNumbersBack = await database.read((db) => rememberNumbers(db, first.technology));
  const kept = await lastCommit(first as SqlRunHistory<SqlDatabase>);
  for (const history of histories) await commit(history);
  await database.write(async (db) => {
    await putNumbersBack(db);
    await db.deleteFrom('selvage_lineage').where('knot_id', 'in', ['k3', 'k4']).execute();
  });
  for (const history of [first, first, first, second, second, first]) await commit(history);
  return { told, recorded: await first.stepsBack!(), kept };
}

/** By the database's clock on Postgres, by the record on SQLite. */
async function lastCommit({ database, technology }: SqlRunHistory<SqlDatabase>): Promise<number> {
  const { last } = await database.read((db) =>
    technology === 'sqlite'
      ? db
          .selectFrom('selvage_lineage')
          .select((of) => of.fn.max('finished_at').as('last'))
          .executeTakeFirstOrThrow()
      : db
          .selectFrom('selvage_writers')
          .select((of) => of.fn.max('committed_at').as('last'))
          .executeTakeFirstOrThrow(),
  );
  return last;
}
