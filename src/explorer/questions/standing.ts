import type { ScheduleState, UnreadableSchedule, WorkerState } from '../../client';
import type { Connection } from '../../connection/connection';
import { SelvageError } from '../../errors';
import { listPartitions } from '../../connection/list-partitions';
import { timesWords } from '../../connection/schedules/schedule-words';
import { knotRecords } from '../../connection/read-run';
import { taskQueueOf } from '../../plan';
import { staleReasonText } from '../../records/questions';
import { recordOf } from '../../authoring';
import type { RunRecord } from '../../ports';
import { triggerName } from '../../triggers';
import type {
  DeadLettersAnswer,
  PartitionsAnswer,
  QueueView,
  Questions,
  ScheduleView,
  TriggerView,
} from '../contract';
import type { ProjectData } from '../../operations/surroundings';
import { requireTapestry } from '../../operations/require-tapestry';

/** @throws SelvageError `ServerUnreachable`: only the server knows the schedules */
export async function schedules({ reach }: ProjectData): Promise<Questions['schedules']['answer']> {
  const all = await reach.do((selvage) => selvage.schedules.list());
  return { items: all.map(scheduleView) };
}

function scheduleView(schedule: ScheduleState | UnreadableSchedule): ScheduleView {
  if ('unreadable' in schedule) {
    const { id, unreadable } = schedule;
    const none = {
      tapestry: '',
      description: '',
      timezone: '',
      paused: false,
      nextAt: [],
      last: [],
      overlap: '',
    };
    return { ...none, id, note: `${unreadable.code}: ${unreadable.message}` };
  }
  const { id, form, paused, note, nextAt, recent } = schedule;
  return {
    id,
    tapestry: form.tapestry,
    description: timesWords(form.times),
    timezone: form.timezone,
    paused,
    ...(note !== null && note !== '' && { note }),
    nextAt,
    last: recent.map(({ runId, startedAt }) => ({ runId, at: startedAt })),
    overlap: form.overlap,
  };
}

/** Uses the tapestry of the page's file: only its code says which partitions exist. */
export async function partitions(
  data: ProjectData,
  { tapestry }: Questions['partitions']['ask'],
): Promise<PartitionsAnswer> {
  const record = recordOf(requireTapestry(data, tapestry));
  const all =
    (await data.reach.ask(
      (selvage) => listPartitions(data.backends, record, {}, selvage.client.workflow),
      10_000,
    )) ?? (await listPartitions(data.backends, record));
  return {
    tapestry,
    items: all.map(({ key, state, latestRun, reasons }) => ({
      key,
      state,
      ...(latestRun && { runId: latestRun.runId }),
      reasons: reasons.map(staleReasonText),
    })),
  };
}

/** Most starts of one trigger that are counted, and most of all triggers that are searched for names. */
const MOST_COUNTED = 1_000;
const LETTERS = 100;

/** The triggers of the page's file and those in the start ledger. */
export async function triggers(data: ProjectData): Promise<Questions['triggers']['answer']> {
  const { startLedger } = data.backends;
  const declared = new Map(data.triggers.map((trigger) => [triggerName(trigger), trigger]));
  const { items, cursor } = await startLedger.list({ limit: MOST_COUNTED });
  const names = new Set([...declared.keys(), ...items.map(({ trigger }) => trigger)]);
  return {
    truncated: cursor !== undefined,
    items: await Promise.all(
      [...names].sort().map(async (name): Promise<TriggerView> => {
        const [started, waiting] = await Promise.all(
          [true, false].map((isStarted) =>
            startLedger.list({ trigger: name, started: isStarted, limit: MOST_COUNTED }),
          ),
        );
        const tapestry = declared.get(name)?.tapestry?.name;
        const last = Math.max(...[started!, waiting!].map(({ items }) => items[0]?.claimedAt ?? -Infinity));
        return {
          name,
          kind: name.slice(0, name.indexOf(':')),
          tapestry,
          startedCount: started!.items.length,
          pendingCount: waiting!.items.length,
          atLeast: {
            startedCount: started!.cursor !== undefined,
            pendingCount: waiting!.cursor !== undefined,
          },
          ...(Number.isFinite(last) && { lastAt: last }),
        };
      }),
    ),
  };
}

/** An event claimed less than this time ago is about to be started. */
const STARTING_MS = 60_000;

/**
 * Events that were claimed and have started nothing yet. What a broker has put aside is in the topic or
 * stream that its trigger names.
 */
export async function deadLetters(
  { backends }: ProjectData,
  { trigger, cursor }: Questions['deadLetters']['ask'],
): Promise<DeadLettersAnswer> {
  const page = await backends.startLedger.list({
    trigger,
    started: false,
    limit: LETTERS,
    cursor,
  });
  const now = await backends.runHistory.now();
  return {
    items: page.items.map(({ key, claimedAt, runId, event }) => ({
      key,
      at: claimedAt,
      reason:
        now - claimedAt < STARTING_MS
          ? `Run "${runId}" is being started.`
          : `Claimed for run "${runId}", which nobody has said to be started: the next delivery of the event starts it.`,
      link: event,
    })),
    cursor: page.cursor,
  };
}

const QUEUES = 50;
const RUNNING = 1_000;

/** Task queues of the file's tapestries and of unfinished runs, with their pollers. */
export async function workers(data: ProjectData): Promise<Questions['workers']['answer']> {
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
    note(
      taskQueueOf({ tapestry: name, ...(options.taskQueue !== undefined && { queue: options.taskQueue }) }),
      name,
    );
  }
  const running = await backends.runHistory.listRuns({ status: 'running', limit: RUNNING });
  for (const [run, queue] of await queuesOf(data, running.items)) note(queue, run.tapestry).running += 1;
  for (const [run, queue] of await namedQueues(data, running.items)) note(queue, run.tapestry).running += 1;
  const listed = (await reach.ask(listWorkers)) ?? [];
  for (const { taskQueue, selvage } of listed) if (selvage !== null) note(taskQueue);
  const views = await Promise.all(
    [...queues].slice(0, QUEUES).map(async ([queue, known]): Promise<QueueView> => {
      const pollers = await reach.ask((selvage) => selvage.pollers.of(queue, 'activity'));
      return {
        taskQueue: queue,
        tapestries: [...known.tapestries].sort(),
        workers: (pollers?.alive ?? []).map((identity) => ({
          identity,
          ...listed.find((worker) => worker.taskQueue === queue && worker.identity === identity),
        })),
        ...(pollers?.lastPollAt !== undefined && { lastPollAt: pollers.lastPollAt }),
        running: known.running,
      };
    }),
  );
  return {
    items: views.sort((one, other) => other.running - one.running),
    truncated: queues.size > QUEUES || running.cursor !== undefined,
  };
}

/** Older servers keep no list. */
async function listWorkers({ workers: alive }: Connection): Promise<WorkerState[]> {
  return await alive.list().catch((error: unknown) => {
    if (SelvageError.is(error, 'ServerRefused')) return [];
    throw error;
  });
}

/** The queues in the records of a run's knots; if it has none yet, those that its plan names. */
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

/** Queues named by knots that unfinished runs have yet to run. */
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
