import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { openBackends } from 'selvage/backends';
import type { LineageRecord } from '../../src/ports';
import { sampleRun } from '../../src/testing/sample-records';
import { freshPostgres, freshSqlite } from '../backends/places';
import { freshRecords } from '../backends/records';
import { onServices } from '../backends/services';
import { limited, readable, type BenchmarkOptions, type Row } from '../benchmark';
import { median, timed } from '../statistics';

const BATCH = 8;
const BATCHES = 400;
const LIMIT = 1.1;

/** Commits, one after the other, while another process delivers them to an emitter, against commits of which nobody hears. */
export const commits = onServices(
  'feed: commits with an emitter',
  (
    [
      { name: 'SQLite', place: freshSqlite },
      { name: 'Postgres', place: freshPostgres },
    ] as const
  ).map(({ name, place }) => ({
    name: `commits of ${BATCH} records with an emitter in another process, ${name}`,
    place,
    run: (url: string, options: BenchmarkOptions) => measure(name, url, options),
  })),
);

async function measure(name: string, url: string, { repetitions }: BenchmarkOptions): Promise<Row[]> {
  const { runHistory, close } = await openBackends({ url }).then((backends) => ({
    ...backends,
    close: () => backends.close(),
  }));
  const batches = async (): Promise<number> => {
    const records = Array.from({ length: BATCHES }, () => freshRecords(BATCH));
    // Nobody hears of records without a run.
    for (const [{ run_id, temporal_run_id }] of records as [LineageRecord][])
      await runHistory.startRun(sampleRun({ run_id, temporal_run_id }));
    return await timed(async () => {
      for (const some of records) await runHistory.commit(some);
    });
  };
  const ours: number[] = [];
  const raw: number[] = [];
  await batches();
  for (let repetition = 0; repetition < repetitions; repetition++) {
    raw.push(await batches());
    const consumer = await startConsumer(url);
    // It is warm then, as one that runs for days is.
    await batches();
    ours.push(await batches());
    consumer.kill('SIGKILL');
    await once(consumer, 'exit');
  }
  await close();
  return [
    limited(
      `commits of ${BATCH} records with an emitter in another process, ${name}`,
      median(ours) / median(raw),
      LIMIT,
      'x without',
      { ours, raw },
      `${readable(median(ours) / BATCHES)} against ${readable(median(raw) / BATCHES)} ms a commit`,
    ),
  ];
}

async function startConsumer(url: string): Promise<ChildProcess> {
  const child = fork(path.join(__dirname, 'consumer.process.ts'), [url], {
    execArgv: ['--require', require.resolve('tsx/cjs')],
  });
  await once(child, 'message');
  return child;
}
