import { emitter } from 'selvage';
import { openBackends } from 'selvage/backends';
import { Deliveries } from 'selvage/serve';
import type { Backends } from '../../src/ports';
import { sampleRun } from '../../src/testing/sample-records';
import { freshPostgres, freshSqlite } from '../backends/places';
import { freshRecords } from '../backends/records';
import { onServices } from '../backends/services';
import { atLeast, type BenchmarkOptions, type Row } from '../benchmark';
import { median, timed } from '../statistics';

const RUNS = 200;
const KNOTS = 200;
const COMMITTED_AT_ONCE = 50;

const ignore = (): void => {};
export const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** A history of runs that one emitter hears from the beginning: until its sink, a function in this process, has all of it. */
export const delivered = onServices(
  'feed: delivered to a sink in process',
  (
    [
      { name: 'SQLite', place: freshSqlite, target: 20_000 },
      { name: 'Postgres', place: freshPostgres, target: 10_000 },
    ] as const
  ).map(({ name, place, target }) => ({
    name: `records delivered to a sink in process, from ${name}`,
    place,
    run: (url: string, options: BenchmarkOptions) => deliver(name, target, url, options),
  })),
);

async function deliver(
  name: string,
  target: number,
  url: string,
  { repetitions }: BenchmarkOptions,
): Promise<Row[]> {
  const backends = await openBackends({ url });
  try {
    for (let run = 0; run < RUNS; run++) await writeRun(backends, KNOTS);
    // An idle writer brings the index of lineage up to date, which would take a share of some repetitions.
    await backends.runHistory.findLineage({ limit: 1 });
    const seconds: number[] = [];
    for (let repetition = 0; repetition <= repetitions; repetition++) {
      let records = 0;
      const sink = emitter(
        `sink-${repetition}`,
        async (events) => void (records += events.filter(({ type }) => type === 'knot-finished').length),
        { from: 'beginning' },
      );
      const taken = await timed(async () => {
        const deliveries = await Deliveries.start({
          backends,
          emitters: [sink],
          logger: SILENT,
          projectDir: '.',
        });
        await deliveries.drained(120_000);
        await deliveries.stop();
      });
      if (records !== RUNS * KNOTS) throw new Error(`The sink got ${records} of ${RUNS * KNOTS} records.`);
      // The first one warms up.
      if (repetition > 0) seconds.push(taken / 1_000);
    }
    const speed = (RUNS * KNOTS) / median(seconds);
    return [
      atLeast(
        `records delivered to a sink in process, from ${name}`,
        speed,
        target,
        'records/s',
        { seconds },
        `runs of ${KNOTS} knots`,
      ),
    ];
  } finally {
    await backends.close();
  }
}

/** A run that is over, with so many records. */
async function writeRun({ runHistory }: Backends, knots: number): Promise<void> {
  const records = freshRecords(knots);
  const { run_id, temporal_run_id } = records[0]!;
  await runHistory.startRun(sampleRun({ run_id, temporal_run_id }));
  for (let at = 0; at < knots; at += COMMITTED_AT_ONCE)
    await runHistory.commit(records.slice(at, at + COMMITTED_AT_ONCE));
  await runHistory.endRun(temporal_run_id, { status: 'succeeded', finished_at: Date.now(), details: {} });
}
