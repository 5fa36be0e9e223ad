import { timed } from '../statistics';
import type { RunTrace, Stage } from '../temporal/stage';
import type { Workload } from '../temporal/workload';
import {
  CHAIN_100,
  CHAIN_1000,
  FAN_OUT_1000,
  LOCAL_CHAIN_100,
  LOCAL_CHAIN_1000,
  LOCAL_FAN_OUT_1000,
  LOCAL_TABLES_20,
  TABLES_20,
} from '../temporal/workloads';
import type { Entry, Job, Shape, Timed } from './contestant';

type Jobs = readonly { readonly shape: Shape; readonly size: number; readonly workload: Workload }[];

export type Own = Record<'local' | 'queue' | 'raw', Entry>;

type Run = (workload: Workload, start: number) => Promise<RunTrace>;

const LOCAL: Jobs = [
  { shape: 'chain', size: 100, workload: LOCAL_CHAIN_100 },
  { shape: 'chain', size: 1_000, workload: LOCAL_CHAIN_1000 },
  { shape: 'fan-out', size: 1_000, workload: LOCAL_FAN_OUT_1000 },
  { shape: 'tables', size: 20, workload: LOCAL_TABLES_20 },
];
const QUEUED: Jobs = [
  { shape: 'chain', size: 100, workload: CHAIN_100 },
  { shape: 'chain', size: 1_000, workload: CHAIN_1000 },
  { shape: 'fan-out', size: 1_000, workload: FAN_OUT_1000 },
  { shape: 'tables', size: 20, workload: TABLES_20 },
];

/** All on one server. Both of ours have one worker: two on one task queue would get each other's runs. */
export async function onTemporal(stage: Stage): Promise<Own> {
  const ours = await stage.startWorker('ours', ...[...LOCAL, ...QUEUED].map(({ workload }) => workload));
  const raw = await stage.startWorker('raw', ...QUEUED.map(({ workload }) => workload));
  const tapestries = new Map([...LOCAL, ...QUEUED].map(({ workload }) => [workload, workload.tapestry()]));
  const runOurs: Run = (workload, start) => stage.runOurs(tapestries.get(workload)!, start);
  const runRaw: Run = (workload, start) => stage.runRaw(workload, start);
  const entry = (name: string, jobs: Jobs, run: Run, close: () => Promise<unknown>): Entry => ({
    name,
    isOurs: run === runOurs,
    isDurable: true,
    enter: async () => ({
      run: (job) => timedRun(jobs, run, job),
      close: async () => void (await close()),
    }),
  });
  return {
    local: entry('Selvage, local()', LOCAL, runOurs, async () => {}),
    queue: entry('Selvage, queue()', QUEUED, runOurs, () => ours.stop()),
    raw: entry('Temporal SDK by hand', QUEUED, runRaw, () => raw.stop()),
  };
}

async function timedRun(jobs: Jobs, run: Run, { shape, size, start }: Job): Promise<Timed> {
  const { workload } = jobs.find((job) => job.shape === shape && job.size === size)!;
  let result = Number.NaN;
  const ms = await timed(async () => ({ result } = await run(workload, start)));
  return { ms, result };
}
