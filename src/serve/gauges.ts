import type { Selvage } from '../client';
import { backlogOf, type Backlog } from '../connection/backlog';
import { readEmitters, type EmitterReport } from '../deliveries';
import { isForegroundQueue } from '../plan';
import { fresh, answerWithin } from './fresh-answer';
import type { Metrics, Sample } from './metrics';
import type { Readiness } from './readiness';

/** Milliseconds. A time longer than a healthy server takes, and shorter than scrapers wait. */
const LIMIT_MS = 3_000;

interface Asked {
  readonly selvage: Selvage;
  /** Task queues of the runs that this process works for, or starts. */
  taskQueues(): readonly string[];
  readiness(): Promise<Readiness>;
}

/**
 * Backlogs (from the server), lag of emitters (from the history), readiness.
 *
 * @returns removes the gauges
 */
export function addGauges(metrics: Metrics, { selvage, taskQueues, readiness }: Asked): () => void {
  const { client, backends } = selvage;
  const backlogs = async (): Promise<Backlog[]> => {
    // Each run of `selvage run` has a queue of its own: series without end.
    const queues = taskQueues().filter((queue) => !isForegroundQueue(queue));
    return (await Promise.all(queues.map((queue) => backlogOf(client.workflow, queue)))).flat();
  };
  const backlog = fresh(() => answerWithin(LIMIT_MS, backlogs));
  const emitters = fresh(() => answerWithin(LIMIT_MS, () => readEmitters(backends)));
  const ofQueues = (value: (one: Backlog) => number) => async (): Promise<Sample[]> =>
    (await backlog()).map((one) => ({
      labels: { queue: one.taskQueue, kind: one.kind },
      value: value(one),
    }));
  const ofEmitters = (value: (one: EmitterReport) => number) => async (): Promise<Sample[]> =>
    (await emitters()).map((one) => ({ labels: { selvage_emitter: one.name }, value: value(one) }));
  const added = [
    metrics.sample({
      name: 'selvage_queue_backlog_age_seconds',
      help: 'For how long the oldest task has waited for a worker: scale by it',
      labelNames: ['queue', 'kind'],
      read: ofQueues(({ seconds }) => seconds),
    }),
    metrics.sample({
      name: 'selvage_queue_backlog_tasks',
      help: 'About how many tasks wait for a worker',
      labelNames: ['queue', 'kind'],
      read: ofQueues(({ tasks }) => tasks),
    }),
    metrics.sample({
      name: 'selvage_emitter_lag_age_seconds',
      help: 'Age of the oldest change that an emitter has not heard of',
      labelNames: ['selvage_emitter'],
      read: ofEmitters(({ lag }) => (lag.since === null ? 0 : Math.max(0, (Date.now() - lag.since) / 1_000))),
    }),
    metrics.sample({
      name: 'selvage_emitter_dead_letters',
      help: 'Events that an emitter has given up',
      labelNames: ['selvage_emitter'],
      read: ofEmitters(({ deadLetters }) => deadLetters),
    }),
    metrics.sample({
      name: 'selvage_ready',
      help: 'Whether a part is ready: 1 or 0',
      labelNames: ['part'],
      read: async () =>
        Object.entries((await readiness()).parts).map(([part, { ready }]) => ({
          labels: { part },
          value: Number(ready),
        })),
    }),
  ];
  return () => added.forEach((remove) => remove());
}
