import path from 'node:path';
import Database from 'libsql';
import { Client } from 'pg';
import { daily, knot, local, runLocally, tapestry } from 'selvage';
import { openBackends } from 'selvage/backends';
import { listPartitions } from '../../src/connection/list-partitions';
import { type AnyTapestry, recordOf } from '../../src/authoring';
import { freshFolder, freshPostgres } from '../backends/places';
import { onServices, type ServicePart } from '../backends/services';
import { limited, type Benchmark, type BenchmarkOptions, type Row } from '../benchmark';
import { median, timed } from '../statistics';

const PARTITIONS = 10_000;
const RUNS = 100_000;
const LIMIT_MS = 500;
const FIRST = '1997-01-01';
const LAST = '2024-05-18';

/** As it ran, and as it is after an edit of one body. */
function weather(isEdited: boolean): AnyTapestry {
  const domain = daily(FIRST, { timezone: 'Europe/Berlin', last: LAST });
  return tapestry('weather', { partition: domain, knots: { dispatcher: local() } }, (_t, { partition }) => {
    const fetched = knot('fetch', ({ day }: { day: { key: string } }) => day.key)(
      { day: partition },
      { id: 'fetch' },
    );
    const body = isEdited ? ({ of }: { of: string }) => of.length + 1 : ({ of }: { of: string }) => of.length;
    const cleaned = knot('clean', body)({ of: fetched }, { id: 'clean' });
    knot('report', ({ of }: { of: number }) => of * 2)({ of: cleaned }, { id: 'report' });
  });
}

interface Words {
  readonly numbers: string;
  readonly day: string;
  readonly id: string;
  /** A further column of records. */
  readonly change: string;
}

const SQLITE: Words = {
  numbers: `(with recursive r (n) as (select 0 union all select n + 1 from r where n < ${RUNS - 1}) select n from r)`,
  day: `date('${FIRST}', '+' || (n % ${PARTITIONS}) || ' days')`,
  id: 'lower(hex(randomblob(16)))',
  change: '',
};
const POSTGRES: Words = {
  numbers: `(select n::int as n from generate_series(0, ${RUNS - 1}) as s (n)) as numbers`,
  day: `to_char(date '${FIRST}' + n % ${PARTITIONS}, 'YYYY-MM-DD')`,
  id: 'md5(random()::text || n)',
  change: ', change',
};

const RUN = `tapestry, plan_hash, parameter_hashes, terminals, status, actor, trigger, trigger_key, tags, vcs_commit, parent_run_id, details,
  started_change, ended_change`;
const RECORD = `knot_id, definition, definition_version, code_hash, knot_config_hash, parent_input_hashes, constant_input_hashes, parent_knot_ids, output_hash,
  output_size, outcome, skip_reason, error_record_id, cached_from_run, cache_key, dispatcher, task_queue, worker, attempt, scheduled_at, extra`;

/** Copies of the one run that is there, each of its partition and under an id of its own, and of its records. */
function copies({ numbers, day, id, change }: Words): string[] {
  return [
    `insert into selvage_runs (run_id, temporal_run_id, partition, started_at, finished_at, ${RUN})
     select 'weather/' || n, ${id}, ${day}, 1000000 + n, 1000001 + n, ${RUN}
     from ${numbers} cross join (select * from selvage_runs where run_id = 'first') as f order by n`,
    `insert into selvage_lineage (run_id, temporal_run_id, started_at, finished_at, ${RECORD}${change})
     select r.run_id, r.temporal_run_id, r.started_at, r.finished_at, ${RECORD}${change}
     from (select run_id, temporal_run_id, started_at, finished_at from selvage_runs where run_id <> 'first') as r
     cross join (select ${RECORD}${change} from selvage_lineage where run_id = 'first') as f`,
    `delete from selvage_lineage where run_id = 'first'`,
    `delete from selvage_runs where run_id = 'first'`,
  ];
}

async function fillSqlite(url: string): Promise<void> {
  const database = new Database(url.slice(url.indexOf(':') + 1));
  try {
    database.exec('pragma synchronous = off');
    for (const statement of copies(SQLITE)) database.exec(statement);
  } finally {
    database.close();
  }
  return Promise.resolve();
}

async function fillPostgres(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of copies(POSTGRES)) await client.query(statement);
    await client.query('analyze');
  } finally {
    await client.end();
  }
}

interface Contestant {
  readonly name: string;
  readonly place: ServicePart['place'];
  fill(url: string): Promise<void>;
}

const CONTESTANTS: readonly Contestant[] = [
  {
    name: 'SQLite',
    place: () => freshFolder((folder) => `sqlite:${path.join(folder, 'selvage.db')}`),
    fill: fillSqlite,
  },
  { name: 'Postgres', place: freshPostgres, fill: fillPostgres },
];

const onDatabases = onServices(
  'partitions',
  CONTESTANTS.map((contestant) => ({
    name: `states of ${PARTITIONS} partitions, ${contestant.name}`,
    place: contestant.place,
    run: (url, options) => measure(contestant, url, options),
  })),
);

/** The question behind `selvage partitions`, with all that it answers. */
export const partitions: Benchmark = { ...onDatabases, name: 'triggers: partitions' };

async function measure(
  { name, fill }: Contestant,
  url: string,
  { repetitions }: BenchmarkOptions,
): Promise<Row[]> {
  const open = (): ReturnType<typeof openBackends> => openBackends({ environment: {}, url });
  const first = await open();
  await runLocally(weather(false), { partition: FIRST }, { backends: first, runId: 'first' });
  await first.close();
  await fill(url);
  const backends = await open();
  try {
    const rows: Row[] = [];
    for (const [isEdited, state] of [
      [false, 'ok'],
      [true, 'stale'],
    ] as const) {
      const times: number[] = [];
      for (let repetition = -1; repetition < repetitions; repetition++) {
        // As a command would: nothing is known of the time zone.
        const record = recordOf(weather(isEdited));
        const time = await timed(async () => {
          const found = await listPartitions(backends, record);
          const asExpected = found.filter((partition) => partition.state === state).length;
          if (asExpected !== PARTITIONS) throw new Error(`${asExpected} of ${found.length} are ${state}.`);
        });
        if (repetition >= 0) times.push(time);
      }
      const what = `${name}: states of ${PARTITIONS} partitions of ${RUNS} runs of three knots, all ${state}`;
      rows.push(limited(what, median(times), LIMIT_MS, 'ms', { times }));
    }
    return rows;
  } finally {
    await backends.close();
  }
}
