import { timed } from '../statistics';
import type { Stage } from '../temporal/stage';
import type { Workload } from '../temporal/workload';
import {
  CHAIN_100,
  CHAIN_1000,
  FAN_OUT_1000,
  LOCAL_CHAIN_100,
  LOCAL_CHAIN_1000,
  LOCAL_FAN_OUT_1000,
} from '../temporal/workloads';
import type { Contestant, Entry, Job, Shape, Timed } from './contestant';

type Jobs = readonly { readonly shape: Shape; readonly size: number; readonly workload: Workload }[];

const LOCAL: Jobs = [
  { shape: 'chain', size: 100, workload: LOCAL_CHAIN_100 },
  { shape: 'chain', size: 1_000, workload: LOCAL_CHAIN_1000 },
  { shape: 'fan-out', size: 1_000, workload: LOCAL_FAN_OUT_1000 },
];
const QUEUED: Jobs = [
  { shape: 'chain', size: 100, workload: CHAIN_100 },
  { shape: 'chain', size: 1_000, workload: CHAIN_1000 },
  { shape: 'fan-out', size: 1_000, workload: FAN_OUT_1000 },
];

/** All on one server, each with a worker process of its own. */
export function onTemporal(stage: Stage): Record<'local' | 'queue' | 'raw', Entry> {
  const entry = (name: string, isOurs: boolean, jobs: Jobs): Entry => ({
    name,
    isOurs,
    isDurable: true,
    enter: () => enter(stage, isOurs ? 'ours' : 'raw', jobs),
  });
  return {
    local: entry('Selvage, local()', true, LOCAL),
    queue: entry('Selvage, queue()', true, QUEUED),
    raw: entry('Temporal SDK by hand', false, QUEUED),
  };
}

async function enter(stage: Stage, side: 'ours' | 'raw', jobs: Jobs): Promise<Contestant> {
  const workloads = jobs.map(({ workload }) => workload);
  const tapestries = new Map(workloads.map((workload) => [workload, workload.tapestry()]));
  const worker = await stage.startWorker(side, ...workloads);
  return {
    async run({ shape, size, start }: Job): Promise<Timed> {
      const { workload } = jobs.find((job) => job.shape === shape && job.size === size)!;
      let result = Number.NaN;
      const ms = await timed(async () => {
        ({ result } = await (side === 'ours'
          ? stage.runOurs(tapestries.get(workload)!, start)
          : stage.runRaw(workload, start)));
      });
      return { ms, result };
    },
    async close() {
      await worker.stop();
    },
  };
}
