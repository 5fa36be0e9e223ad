import { SqlRunHistory } from '../../src/adapters/sql/run-history';
import type { SqlDatabase, SqlExecutor } from '../../src/adapters/sql/database';
import type { Backends } from '../../src/ports';

/** The parts of a run that a history loses when it goes back in time. */
export interface Loss {
  /** Ids of knots; an id that ends with `[` is a prefix. */
  readonly knots?: readonly string[];
  /** The run's own record. */
  readonly run?: boolean;
  /** The run's end. */
  readonly end?: boolean;
  /** All plans. */
  readonly plans?: boolean;
}

/** Removes the lost parts of a run, and the values that no other record names. */
export async function loseRecords(backends: Backends, runId: string, loss: Loss): Promise<void> {
  const history = backends.runHistory;
  if (!(history instanceof SqlRunHistory)) throw new Error('Not in an SQL database.');
  await (history.database as SqlDatabase).write(async (db: SqlExecutor) => {
    for (const knot of loss.knots ?? []) {
      let rows = db.selectFrom('selvage_lineage').select(['id', 'output_hash']).where('run_id', '=', runId);
      rows = knot.endsWith('[')
        ? rows.where('knot_id', 'like', `${knot}%`)
        : rows.where('knot_id', '=', knot);
      for (const { id, output_hash: hash } of await rows.execute()) {
        await db.deleteFrom('selvage_lineage').where('id', '=', id).execute();
        if (hash !== null) await db.deleteFrom('selvage_values').where('hash', '=', hash).execute();
      }
    }
    if (loss.end) {
      const running = { status: 'running', finished_at: null, ended_change: null } as const;
      await db.updateTable('selvage_runs').set(running).where('run_id', '=', runId).execute();
    }
    if (loss.run) await db.deleteFrom('selvage_runs').where('run_id', '=', runId).execute();
    if (loss.plans) await db.deleteFrom('selvage_plans').execute();
  });
}
