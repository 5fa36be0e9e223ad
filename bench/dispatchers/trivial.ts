import { limited, readable, type Benchmark } from '../benchmark';
import { compare, median } from '../statistics';
import { onStage } from '../temporal/stage';
import type { Workload } from '../temporal/workload';
import { CHAIN_200, LOCAL_CHAIN_1000 } from '../temporal/workloads';
import { LOCAL_PYTHON_CHAIN, PYTHON_CHAIN, THREAD_CHAIN } from './workloads';

interface Contest {
  readonly name: string;
  readonly hosted: Workload;
  /** The same with the bodies in the worker. */
  readonly here: Workload;
  /** Milliseconds a knot that the host may take beyond. */
  readonly limit: number;
}

const CONTESTS: readonly Contest[] = [
  { name: 'a body in Python, queue()', hosted: PYTHON_CHAIN, here: CHAIN_200, limit: 0.3 },
  { name: 'a body in Python, local()', hosted: LOCAL_PYTHON_CHAIN, here: LOCAL_CHAIN_1000, limit: 0.15 },
  { name: 'a body in a thread, local()', hosted: THREAD_CHAIN, here: LOCAL_CHAIN_1000, limit: 0.1 },
];

/** What a body host adds to a knot whose body does next to nothing, in a chain: nothing of it is hidden by other knots. */
export const trivial: readonly Benchmark[] = CONTESTS.map(({ name, hosted, here, limit }) => ({
  name: `dispatchers: ${name}`,
  run: ({ repetitions }) =>
    onStage(async (stage) => {
      const workers = [await stage.startWorker('ours', hosted), await stage.startWorker('ours', here)];
      const [inHost, inWorker] = [hosted.tapestry(), here.tapestry()];
      const { ours, raw } = await compare(
        repetitions,
        () => stage.runOurs(inHost),
        () => stage.runOurs(inWorker),
      );
      for (const worker of workers) await worker.stop();
      const aKnot = (samples: readonly number[], { size }: Workload): number => median(samples) / size;
      const [there, by] = [aKnot(ours, hosted), aKnot(raw, here)];
      const remark = `${readable(there)} against ${readable(by)} ms a knot`;
      return [limited(`dispatchers: ${name}`, there - by, limit, 'ms a knot more', { ours, raw }, remark)];
    }),
}));
