import { type SqlRunHistory } from '../../src/adapters/sql/run-history';
import type { SqlDatabase } from '../../src/adapters/sql/database';
import type { RunHistory, StepBack } from '../../src/ports';
import { sampleLineage } from '../../src/testing/sample-records';

/** Commits by two writers of one database, puts back what they have counted, and answers what each has noticed then. */
export async function noticeStepBack(histories: readonly [RunHistory, RunHistory]): Promise<{
  readonly told: readonly (readonly [StepBack, boolean])[];
  readonly recorded: readonly StepBack[];
  /** When the last commit was done that is not lost. */
  readonly kept: number;
}> {
  const told: [StepBack, boolean][] = [];
  let number = 0;
  const commit = async (history: RunHistory): Promise<void> => {
    await history.commit([sampleLineage({ knot_id: `k${++number}` })]);
  };
  const [first] = histories;
  for (const history of histories) history.onStepBack!((step, isFirst) => told.push([step, isFirst]));
  for (const history of histories) await commit(history);
  const { database } = first as SqlRunHistory<SqlDatabase>;
  const counted = await database.read((db) => db.selectFrom('selvage_writers').selectAll().execute());
  await new Promise((resolve) => setTimeout(resolve, 5));
  for (const history of histories) await commit(history);
  await database.write(async (db) => {
    await db.deleteFrom('selvage_writers').execute();
    await db.insertInto('selvage_writers').values(counted).execute();
    await db.deleteFrom('selvage_lineage').where('knot_id', 'in', ['k3', 'k4']).execute();
  });
  for (const history of [...histories, ...histories]) await commit(history);
  const kept = Math.max(...counted.map(({ committed_at }) => committed_at));
  return { told, recorded: await first.stepsBack!(), kept };
}
