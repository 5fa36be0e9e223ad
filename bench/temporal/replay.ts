import path from 'node:path';
import type { History } from '@temporalio/common/lib/proto-utils';
import { Worker } from '@temporalio/worker';
import { limited, readable, type Benchmark } from '../benchmark';
import { quietRuntime } from '../quiet-runtime';
import { median, timed } from '../statistics';
import { Stage } from './stage';
import { CHAIN_670 } from './workloads';

/** The interpreter as it ships, so that nothing is bundled while the clock runs. */
const BUNDLE = path.join(__dirname, '..', '..', 'lib', 'workflow-bundle.js');
/** About the longest there is: from 4,096 on a run goes on in a new one. */
const EVENTS = 4_000;
const LIMIT_MS = 2_000;

/** What a worker that has lost its cache, or `selvage replay`, does with a long history: from the events to the state. */
export const replay: Benchmark = {
  name: `replay of ${EVENTS} events`,
  async run({ repetitions }) {
    quietRuntime();
    const history = await longHistory();
    const replayed = (): Promise<void> =>
      Worker.runReplayHistory({ workflowBundle: { codePath: BUNDLE } }, history);
    await replayed();
    const times: number[] = [];
    for (let repetition = 0; repetition < repetitions; repetition++) times.push(await timed(replayed));
    const events = history.events!.length;
    const remark = `${events} events of a ${CHAIN_670.name}, ${readable((median(times) * 1_000) / events)} µs an event`;
    return [limited(`replay of ${EVENTS} events`, median(times), LIMIT_MS, 'ms', { times, events }, remark)];
  },
};

async function longHistory(): Promise<History> {
  const stage = await Stage.open();
  const worker = await stage.startWorker('ours', CHAIN_670);
  try {
    const { runId } = await stage.runOurs(CHAIN_670.tapestry());
    const history = await stage.selvage.client.workflow.getHandle(runId).fetchHistory();
    const events = history.events?.length ?? 0;
    if (events < EVENTS) throw new Error(`The history of a ${CHAIN_670.name} has only ${events} events.`);
    return history;
  } finally {
    await worker.stop();
    await stage.close();
  }
}
