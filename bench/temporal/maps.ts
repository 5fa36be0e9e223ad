import { limited, readable, type Benchmark, type BenchmarkOptions, type Row } from '../benchmark';
import { compare, median, timed } from '../statistics';
import { onStage, type Stage } from './stage';
import type { Workload } from './workload';
import {
  LOCAL_MAP_10000,
  LOCAL_MAP_100000,
  MAP_10000,
  MAP_100000_BATCHED,
  MAP_10000_BATCHED,
} from './workloads';

const MEGABYTE = 1_000_000;
const WORKER_MEGABYTES = 400;
/** Without a limit Node takes more of a large machine because it is there, and the number would be the machine's. */
const HEAP_MEGABYTES = 256;
const HISTORY_EVENTS = 5_000;
const RAW_FACTOR = 1.25;

interface Contest {
  readonly workload: Workload;
  /** Milliseconds from the start of the run to its value. */
  readonly limit: number;
}

const ALONE: readonly Contest[] = [
  { workload: MAP_10000_BATCHED, limit: 1_500 },
  { workload: LOCAL_MAP_10000, limit: 1_500 },
  { workload: MAP_100000_BATCHED, limit: 12_000 },
  { workload: LOCAL_MAP_100000, limit: 12_000 },
];

/** Maps of many trivial elements: against the same slices written by hand, and in all. */
export const maps: readonly Benchmark[] = [
  { name: MAP_10000.name, run: (options) => onStage((stage) => againstRaw(stage, options)) },
  ...ALONE.map(({ workload, limit }) => ({
    name: workload.name,
    run: (options: BenchmarkOptions) => onStage((stage) => alone(stage, workload, limit, options)),
  })),
];

async function againstRaw(stage: Stage, { repetitions }: BenchmarkOptions): Promise<Row[]> {
  const workload = MAP_10000;
  const tapestry = workload.tapestry();
  const workers = [await stage.startWorker('ours', workload), await stage.startWorker('raw', workload)];
  const { ours, raw } = await compare(
    repetitions,
    () => stage.runOurs(tapestry),
    () => stage.runRaw(workload),
  );
  for (const worker of workers) await worker.stop();
  const perElement = (samples: readonly number[]): string => readable(median(samples) / workload.size);
  return [
    limited(
      workload.name,
      median(ours) / median(raw),
      RAW_FACTOR,
      'x raw',
      { ours, raw },
      `${perElement(ours)} against ${perElement(raw)} ms an element`,
    ),
  ];
}

async function alone(
  stage: Stage,
  workload: Workload,
  limit: number,
  { repetitions }: BenchmarkOptions,
): Promise<Row[]> {
  const tapestry = workload.tapestry();
  const worker = await stage.startSizedWorker(HEAP_MEGABYTES, 'ours', workload);
  let last = await stage.runOurs(tapestry);
  const times: number[] = [];
  const behind = [await stage.catchUp()];
  for (let run = 0; run < repetitions; run++) {
    times.push(await timed(async () => (last = await stage.runOurs(tapestry))));
    // Else the next run would pay for this one.
    behind.push(await stage.catchUp());
  }
  const events = await stage.mapEvents(last.runId, 'mapped');
  const { peakBytes } = await worker.stop();
  return [
    limited(
      workload.name,
      median(times),
      limit,
      'ms',
      { times, behind },
      `and ${Math.round(median(behind))} ms for the index of listings, behind it`,
    ),
    limited(
      `${workload.name}: the worker's memory`,
      peakBytes / MEGABYTE,
      WORKER_MEGABYTES,
      'MB',
      {},
      `with a heap of ${HEAP_MEGABYTES} MB`,
    ),
    limited(`${workload.name}: events of the largest history`, events, HISTORY_EVENTS, 'events', {}),
  ];
}
