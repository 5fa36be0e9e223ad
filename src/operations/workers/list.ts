import { z } from 'zod';
import { recordOf } from '../../authoring';
import { listIfKept } from '../../connection/workers';
import { knotRecords } from '../../connection/read-run';
import { workerState } from '../../connection/worker-state';
import { taskQueueOf } from '../../plan';
import type { RunRecord } from '../../ports';
import { resultsInParallel } from '../../values/in-parallel';
import { instant, limit, list as listOf, name } from '../fields';
import { question } from '../operation';
import { SUMMARIES } from '../summaries';
import type { ProjectData } from '../surroundings';

const RUNNING = 1_000;
/** Concurrent questions to the server about task queues. */
const AT_ONCE = 50;

/** A polling worker, which reports all but its identity itself, some seconds after its start. */
const workerView = workerState.partial().extend({ identity: workerState.shape.identity });
export type WorkerView = Readonly<z.output<typeof workerView>>;

const queueView = z.object({
  taskQueue: z.string(),
  tapestries: listOf(z.string()),
  workers: listOf(workerView),
  lastPollAt: instant.optional(),
  running: z.int(),
});
export type QueueView = Readonly<z.output<typeof queueView>>;

export const list = question({
  name: 'workers.list',
  ...SUMMARIES['workers.list'],
  description:
    'Lists the task queues of unfinished runs, of workers and, on a page, of its file, each with its living workers. Workers report where they run, ' +
    'since when, with which versions and body hosts: those of Selvage every 10 s, others every minute. While the server is away, no worker is known.',
  needs: ['server'],
  ask: z.strictObject({
    taskQueue: name.optional().describe('only this task queue'),
    limit: limit(1_000, 50).describe('how many task queues at most'),
  }),
  answer: z.object({
    /** The task queues, those with most unfinished runs first. */
    items: listOf(queueView),
    /** Set if there are more queues, or uncounted unfinished runs. */
    truncated: z.boolean(),
    /** Whether more than identities of workers are known: the server keeps a list of workers, and is not away. */
    workersKnown: z.boolean(),
  }),
  examples: [{}, { taskQueue: 'selvage/nightly' }],
  /** @throws SelvageError `BackendUnavailable` */
  async run(data, { taskQueue: only, limit: most }) {
    const { backends, reach, tapestries } = data;
    const queues = new Map<string, { readonly tapestries: Set<string>; running: number }>();
    const note = (queue: string, tapestry?: string): { running: number } => {
      const known = queues.get(queue) ?? { tapestries: new Set<string>(), running: 0 };
      if (tapestry !== undefined) known.tapestries.add(tapestry);
      queues.set(queue, known);
      return known;
    };
    for (const tapestry of tapestries) {
      const { name, options } = recordOf(tapestry);
      note(taskQueueOf({ tapestry: name, queue: options.taskQueue }), name);
    }
    const running = await backends.runHistory.listRuns({ status: 'running', limit: RUNNING });
    for (const [run, queue] of await queuesOf(data, running.items)) note(queue, run.tapestry).running += 1;
    for (const [run, queue] of await namedQueues(data, running.items)) note(queue, run.tapestry).running += 1;
    const listed = await reach.ask(({ across }) => listIfKept(across.workers));
    for (const { taskQueue } of listed ?? []) note(taskQueue);
    if (only !== undefined) note(only);
    const asked = [...queues].filter(([queue]) => only === undefined || queue === only);
    const views = await resultsInParallel(asked.slice(0, most), AT_ONCE, async ([queue, known]) => {
      const polled = await reach.ask(({ pollers }) => pollers.of(queue, 'activity'));
      const told = (listed ?? []).filter(({ taskQueue }) => taskQueue === queue);
      const named = new Set(told.map(({ identity }) => identity));
      const untold = (polled?.alive ?? []).filter((identity) => !named.has(identity));
      return {
        taskQueue: queue,
        tapestries: [...known.tapestries].sort(),
        workers: [...told, ...untold.map((identity) => ({ identity }))],
        ...(polled?.lastPollAt !== undefined && { lastPollAt: polled.lastPollAt }),
        running: known.running,
      };
    });
    return {
      items: views.sort((one, other) => other.running - one.running),
      truncated: asked.length > most || running.cursor !== undefined,
      workersKnown: listed !== undefined,
    };
  },
});

/** The queues of a run, from the records of its knots, else from its plan. */
async function queuesOf(
  { backends, plans }: ProjectData,
  runs: readonly RunRecord[],
): Promise<(readonly [RunRecord, string])[]> {
  return await Promise.all(
    runs.map(async (run) => {
      const { items } = await backends.runHistory.findLineage({
        temporalRunId: run.temporal_run_id,
        limit: 1,
      });
      const queue = items[0]?.task_queue ?? undefined;
      if (queue !== undefined) return [run, queue] as const;
      const plan = await plans.of(run).catch(() => undefined);
      return [run, plan ? taskQueueOf(plan.plan) : taskQueueOf({ tapestry: run.tapestry })] as const;
    }),
  );
}

/** Task queues of knots that unfinished runs have yet to run. */
async function namedQueues(
  { backends, plans }: ProjectData,
  runs: readonly RunRecord[],
): Promise<(readonly [RunRecord, string])[]> {
  const found = await Promise.all(
    runs.map(async (run) => {
      const plan = await plans.of(run).catch(() => undefined);
      const named = plan?.plan.knots.filter(({ policy }) => policy.taskQueue !== undefined) ?? [];
      if (!plan || named.length === 0) return [];
      const records = await knotRecords(backends, plan, run);
      const queues = named.filter(({ id }) => !records.has(id)).map(({ policy }) => policy.taskQueue!);
      return [...new Set(queues)].map((queue) => [run, queue] as const);
    }),
  );
  return found.flat();
}
