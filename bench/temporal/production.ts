import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EmbeddedServer } from 'selvage/server';
import {
  crashSharedService,
  endServices,
  memoryOf,
  postgresService,
  prepareServices,
  temporalService,
} from '../../test/support/services';
import { createPostgresDatabase } from '../../test/support/fresh-places';
import { databaseSize } from '../backends/database-size';
import { readable, type Benchmark, type BenchmarkOptions, type Row } from '../benchmark';
import { systemFacts } from '../soak/process-facts';
import { compare, median, timed } from '../statistics';
import { Stage } from './stage';
import { CHAIN_100, FAN_OUT_1000 } from './workloads';

const MEGABYTE = 1024 * 1024;
/** Databases grow by pages and by more: enough runs that this does not show. */
const GROWTH_RUNS = 30;
const WORKLOADS = [CHAIN_100, FAN_OUT_1000] as const;

/** The servers of production on this machine, and the embedded default: how long they take, and how much memory. */
export const production: Benchmark = {
  name: 'production shape',
  async run(options) {
    prepareServices();
    try {
      return [...(await embedded(options)), ...(await served(options))];
    } finally {
      await endServices();
    }
  },
};

async function embedded({ repetitions }: BenchmarkOptions): Promise<Row[]> {
  const starts: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) starts.push(await timeEmbeddedStart());
  const stage = await Stage.open();
  try {
    const rows = await timesOf('embedded', stage, { repetitions });
    const { rssBytes } = systemFacts(stage.server!.pid);
    return [
      row('embedded: a new server answers', `${readable(median(starts))} ms`, { starts }),
      ...rows,
      memoryRow('embedded: the server', rssBytes),
    ];
  } finally {
    await stage.close();
  }
}

async function timeEmbeddedStart(): Promise<number> {
  const projectDir = await mkdtemp(path.join(tmpdir(), 'selvage-bench-start-'));
  let server: EmbeddedServer | undefined;
  try {
    return await timed(async () => (server = await EmbeddedServer.acquire({ projectDir })));
  } finally {
    await server?.release({ wait: true });
    await rm(projectDir, { recursive: true, force: true });
  }
}

async function served({ repetitions }: BenchmarkOptions): Promise<Row[]> {
  const first = await timed(temporalService);
  const again: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++)
    again.push(await timed(async () => await (await crashSharedService('temporal')).back));
  const backends = await createPostgresDatabase(await postgresService(), 'selvage_bench');
  const stage = await Stage.open({ address: await temporalService(), backends });
  try {
    const rows = await timesOf('production', stage, { repetitions });
    const growth = await growthOf(stage, { Selvage: backends, Temporal: await historiesOfTemporal() });
    return [
      row('production: new servers answer, their databases made', `${readable(first)} ms`, { first }),
      row('production: the Temporal server answers again after a kill', `${readable(median(again))} ms`, {
        again,
      }),
      ...rows,
      ...growth,
      memoryRow('production: the Temporal server', memoryOf('temporal')),
      memoryRow('production: PostgreSQL, all of its processes', memoryOf('postgres')),
    ];
  } finally {
    await stage.close();
  }
}

async function historiesOfTemporal(): Promise<string> {
  const url = new URL(await postgresService());
  url.pathname = '/temporal';
  return url.href;
}

/** What runs leave in the databases, in bytes a knot, each of which has a small value of its own. */
async function growthOf(stage: Stage, databases: Readonly<Record<string, string>>): Promise<Row[]> {
  const sizes = (): Promise<number[]> => Promise.all(Object.values(databases).map(databaseSize));
  const tapestry = CHAIN_100.tapestry();
  const worker = await stage.startWorker('ours', CHAIN_100);
  try {
    await stage.runOurs(tapestry);
    const before = await sizes();
    for (let run = 0; run < GROWTH_RUNS; run++) await stage.runOurs(tapestry);
    const after = await sizes();
    return Object.keys(databases).map((name, index) => {
      const bytes = (after[index]! - before[index]!) / (GROWTH_RUNS * CHAIN_100.knots);
      return row(`production: what a knot adds to the database of ${name}`, `${readable(bytes)} bytes`, {
        bytes,
      });
    });
  } finally {
    await worker.stop();
  }
}

/** Milliseconds a knot, beside the same work on the plain SDK and the same server, and what the worker took. */
async function timesOf(
  shape: string,
  stage: Stage,
  { repetitions }: Pick<BenchmarkOptions, 'repetitions'>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const workload of WORKLOADS) {
    const tapestry = workload.tapestry();
    const [ours, raw] = [await stage.startWorker('ours', workload), await stage.startWorker('raw', workload)];
    const times = await compare(
      repetitions,
      () => stage.runOurs(tapestry),
      () => stage.runRaw(workload),
    );
    const perKnot = (samples: readonly number[]): string => readable(median(samples) / workload.knots);
    const ratio = median(times.ours) / median(times.raw);
    rows.push(
      row(
        `${shape}: ${workload.name}`,
        `${perKnot(times.ours)} ms a knot (raw ${perKnot(times.raw)}, ${readable(ratio)} x)`,
        { ours: times.ours, raw: times.raw },
      ),
      memoryRow(`${shape}: ${workload.name}: the worker at most`, (await ours.stop()).peakBytes),
    );
    await raw.stop();
  }
  return rows;
}

function memoryRow(measure: string, bytes: number): Row {
  return row(measure, `${readable(bytes / MEGABYTE)} MiB`, { bytes });
}

function row(measure: string, measured: string, numbers: Row['numbers']): Row {
  return { measure, measured, numbers };
}
