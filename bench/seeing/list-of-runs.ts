import { mkdirSync } from 'node:fs';
import path from 'node:path';
import Database from 'libsql';
import { createSqliteRunHistory } from 'selvage/sqlite';
import { sampleLineage, sampleRun } from '../../src/testing/sample-records';
import { freshFolder } from '../backends/places';
import { limited, type Benchmark } from '../benchmark';
import { median } from '../statistics';
import { asked, CommandProcess, endServer } from './page-process';

const RUNS = 100_000;
const KNOTS = 3;
const LIMIT_MS = 1_500;

/** `selvage ui` in a project of many runs: from the start of the process until the newest runs are answered. No server runs before. */
export const listOfRuns: Benchmark = {
  name: 'seeing: list of runs',
  async run({ repetitions }) {
    const { url: folder, drop } = await freshFolder((made) => made);
    try {
      await fill(path.join(folder, '.selvage', 'selvage.db'));
      const times: number[] = [];
      for (let repetition = -1; repetition < repetitions; repetition++) {
        const since = performance.now();
        const page = CommandProcess.start(folder, ['ui', '--port', '0']);
        try {
          const { items: runs } = await asked(await page.origin(), 'runs.list', { limit: 100 });
          const time = performance.now() - since;
          if (runs.length !== 100) throw new Error(`There are ${runs.length} runs on the page.`);
          if (repetition >= 0) times.push(time);
        } finally {
          await page.end();
          await endServer(folder);
        }
      }
      const measure = `seeing: selvage ui until the list of runs stands, ${RUNS.toLocaleString('en')} runs in SQLite`;
      return [limited(measure, median(times), LIMIT_MS, 'ms', { times })];
    } finally {
      await drop();
    }
  },
};

/** Copies of one run and its records, one a minute, every tenth failed. */
async function fill(file: string): Promise<void> {
  mkdirSync(path.dirname(file), { recursive: true });
  const history = await createSqliteRunHistory({ path: file });
  const knots = Array.from({ length: KNOTS }, (_, index) => sampleLineage({ knot_id: `k${index}` }));
  await history.startRun(sampleRun());
  await history.commit(knots);
  await history.endRun('temporal-run-1', {
    status: 'succeeded',
    finished_at: 1_700_000_000_500,
    details: { counts: { ok: KNOTS, err: 0, skipped: 0 } },
  });
  await history.close();
  const database = new Database(file);
  const runColumns =
    'tapestry, plan_hash, parameter_hashes, terminals, actor, trigger, tags, vcs_commit, details, started_change, ended_change';
  const knotColumns =
    'knot_id, definition, code_hash, knot_config_hash, parent_input_hashes, constant_input_hashes, parent_knot_ids, output_hash, ' +
    'output_size, outcome, dispatcher, task_queue, worker, attempt, extra';
  const numbers = `with recursive r (n) as (select 1 union all select n + 1 from r where n < ${RUNS - 1})`;
  database.exec(`
    pragma synchronous = off;
    insert into selvage_runs (run_id, temporal_run_id, status, started_at, finished_at, ${runColumns})
      ${numbers} select 'run-' || (n + 1), 'temporal-run-' || (n + 1), case when n % 10 = 0 then 'failed' else 'succeeded' end,
        f.started_at + n * 60000, f.started_at + n * 60000 + 500, ${runColumns}
      from r cross join selvage_runs as f;
    insert into selvage_lineage (run_id, temporal_run_id, scheduled_at, started_at, finished_at, ${knotColumns})
      ${numbers} select 'run-' || (n + 1), 'temporal-run-' || (n + 1), f.scheduled_at + n * 60000, f.started_at + n * 60000,
        f.finished_at + n * 60000, ${knotColumns}
      from r cross join selvage_lineage as f;
    pragma wal_checkpoint(truncate);
  `);
  database.close();
}
