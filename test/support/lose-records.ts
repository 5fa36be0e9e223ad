import { SqlRunHistory } from '../../src/adapters/sql/run-history';
import type { SqlDatabase, SqlExecutor } from '../../src/adapters/sql/database';
import type { Backends } from '../../src/ports';

/** What a history that goes back in time loses of a run. */
export interface Loss {
  /** Ids of knots; what begins like one that ends with `[` is lost, too. */
  readonly knots?: readonly string[];
  /** The run's own record. */
  readonly run?: boolean;
  /** That it has ended. */
  readonly end?: boolean;
  /** All plans. */
  readonly plans?: boolean;
}

/** Takes away of a run what a history that went back in time would lack, with the values that nobody else has. */
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
