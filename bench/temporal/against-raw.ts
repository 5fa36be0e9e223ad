import { limited, readable, type Benchmark, type BenchmarkOptions, type Row } from '../benchmark';
import { compare, median } from '../statistics';
import { Stage, type RunTrace } from './stage';
import {
  CHAIN_10,
  CHAIN_100,
  CHAIN_1000,
  CHAIN_3,
  FAN_OUT_100,
  FAN_OUT_1000,
  LOCAL_CHAIN_100,
  LOCAL_CHAIN_1000,
  LOCAL_CHAIN_3,
  LOCAL_FAN_OUT_1000,
  TABLES_20,
} from './workloads';
import type { WorkerUsage } from './worker-processes';
import type { Workload } from './workload';

const MEGABYTE = 1024 * 1024;
const INLINE_LIMIT = 2 * 1024;
/** What stands around an inline value in a payload: the names of a task's fields, the plan's hash, the knot's id. */
const TASK_OVERHEAD = 512;

export interface Contest {
  readonly workload: Workload;
  /** Runs at once. Default 1. */
  readonly runs?: number;
  /** Ours may take so many times as long as raw. */
  readonly timeLimit?: number;
  readonly historyLimit?: number;
  /** Milliseconds a knot. */
  readonly knotLimit?: number;
  /** Milliseconds from the start of the run to its value. */
  readonly runLimit?: number;
  readonly isFreeOfValues?: boolean;
}

const CONTESTS: readonly Contest[] = [
  { workload: CHAIN_10 },
  { workload: CHAIN_100, timeLimit: 1.1, historyLimit: 1.3 },
  { workload: CHAIN_1000 },
  { workload: FAN_OUT_100 },
  { workload: FAN_OUT_1000, timeLimit: 1.05, historyLimit: 1.3 },
  { workload: CHAIN_3, runs: 200, timeLimit: 1.2 },
  { workload: LOCAL_CHAIN_100, knotLimit: 0.4 },
  // pirn takes as long in memory, on a quiet machine of two cores.
  { workload: LOCAL_CHAIN_1000, knotLimit: 0.4, runLimit: 210 },
  { workload: LOCAL_FAN_OUT_1000, knotLimit: 0.15 },
  { workload: LOCAL_CHAIN_3, runs: 200, timeLimit: 2 },
  { workload: TABLES_20, knotLimit: 40, isFreeOfValues: true },
];

/** Durable runs against the same work written by hand on Temporal's SDK: same server, same options, values and lineage on. */
export const againstRaw: readonly Benchmark[] = CONTESTS.map((contest) => ({
  name: nameOf(contest),
  run: async (options) => {
    const stage = await Stage.open();
    try {
      return await hold(stage, contest, options);
    } finally {
      await stage.close();
    }
  },
}));

function nameOf({ workload, runs }: Contest): string {
  return runs === undefined ? workload.name : `${runs} runs of a ${workload.name} at once`;
}

export async function hold(
  stage: Stage,
  contest: Contest,
  { repetitions }: BenchmarkOptions,
): Promise<Row[]> {
  const { workload, runs = 1 } = contest;
  const tapestry = workload.tapestry();
  const workers = [await stage.startWorker('ours', workload), await stage.startWorker('raw', workload)];
  const last: { ours?: RunTrace; raw?: RunTrace } = {};
  const times = await compare(
    repetitions,
    async () => (last.ours = await atOnce(runs, () => stage.runOurs(tapestry))),
    async () => (last.raw = await atOnce(runs, () => stage.runRaw(workload))),
  );
  const rows = [timeRow(contest, times.ours, times.raw)];
  let rawRuns = times.runs.raw;
  if (contest.timeLimit !== undefined) {
    const recording = await stage.startWorker('recorded', workload);
    const byHand = await compare(
      repetitions,
      () => atOnce(runs, () => stage.runRaw(workload, undefined, 'recorded')),
      () => atOnce(runs, () => stage.runRaw(workload)),
    );
    await recording.stop();
    rows.push(recordedRow(contest, byHand.ours, byHand.raw));
    rawRuns += byHand.runs.raw;
  }
  if (contest.historyLimit !== undefined) {
    rows.push(
      historyRow(
        contest,
        await stage.historyBytes(last.ours!.runId),
        await stage.historyBytes(last.raw!.runId),
      ),
    );
  }
  if (contest.knotLimit !== undefined) rows.push(knotRow(contest, contest.knotLimit, times.ours, times.raw));
  if (contest.runLimit !== undefined)
    rows.push(
      limited(`${workload.name}: in all`, median(times.ours), contest.runLimit, 'ms', { ours: times.ours }),
    );
  if (contest.isFreeOfValues) rows.push(payloadRow(contest, await stage.largestPayload(last.ours!.runId)));
  const [ours, raw] = [await workers[0]!.stop(), await workers[1]!.stop()];
  const knots = runs * workload.knots;
  rows.push(workerRow(contest, ours, raw, { ours: times.runs.ours * knots, raw: rawRuns * knots }));
  return rows;
}

async function atOnce(runs: number, run: () => Promise<RunTrace>): Promise<RunTrace> {
  const traces = await Promise.all(Array.from({ length: runs }, run));
  return traces[0]!;
}

function timeRow(contest: Contest, ours: readonly number[], raw: readonly number[]): Row {
  const { timeLimit, workload, runs = 1 } = contest;
  const perKnot = (samples: readonly number[]): string => readable(median(samples) / (workload.knots * runs));
  const ratio = median(ours) / median(raw);
  const remark = `${perKnot(ours)} against ${perKnot(raw)} ms a knot`;
  if (timeLimit !== undefined)
    return limited(nameOf(contest), ratio, timeLimit, 'x raw', { ours, raw }, remark);
  return {
    measure: nameOf(contest),
    measured: `${readable(ratio)} x raw (${remark})`,
    numbers: { ratio, ours, raw },
  };
}

/** What values and records cost where they are written by hand, and nothing else is done. */
function recordedRow(contest: Contest, recorded: readonly number[], raw: readonly number[]): Row {
  const ratio = median(recorded) / median(raw);
  return {
    measure: `${nameOf(contest)}: values and records by hand`,
    measured: `${readable(ratio)} x raw`,
    numbers: { ratio, recorded, raw },
  };
}

function historyRow({ workload, historyLimit }: Contest, ours: number, raw: number): Row {
  const perKnot = (bytes: number): string => (bytes / workload.knots).toFixed(0);
  const remark = `${perKnot(ours)} against ${perKnot(raw)} bytes a knot`;
  return limited(`${workload.name}: history`, ours / raw, historyLimit!, 'x raw', { ours, raw }, remark);
}

function knotRow({ workload }: Contest, limit: number, ours: readonly number[], raw: readonly number[]): Row {
  const perKnot = (samples: readonly number[]): number => median(samples) / workload.knots;
  const remark = `raw ${readable(perKnot(raw))}`;
  return limited(`${workload.name}: time a knot`, perKnot(ours), limit, 'ms', {}, remark);
}

function payloadRow({ workload }: Contest, bytes: number): Row {
  const measure = `${workload.name}: largest payload in the history`;
  return limited(measure, bytes, INLINE_LIMIT + TASK_OVERHEAD, 'bytes', {});
}

function workerRow(
  contest: Contest,
  ours: WorkerUsage,
  raw: WorkerUsage,
  knots: { readonly ours: number; readonly raw: number },
): Row {
  const cpu = [ours.cpuMs / knots.ours, raw.cpuMs / knots.raw].map(readable);
  const peak = ({ peakBytes }: WorkerUsage): string => readable(peakBytes / MEGABYTE);
  return {
    measure: `${nameOf(contest)}: the worker`,
    measured: `${cpu[0]!} against ${cpu[1]!} ms of CPU a knot, at most ${peak(ours)} against ${peak(raw)} MiB`,
    numbers: {
      cpuMs: ours.cpuMs,
      rawCpuMs: raw.cpuMs,
      peakBytes: ours.peakBytes,
      rawPeakBytes: raw.peakBytes,
      knots: knots.ours,
      rawKnots: knots.raw,
    },
  };
}
