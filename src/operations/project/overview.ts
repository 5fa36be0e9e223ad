import { z } from 'zod';
import { RUN_STATUSES } from '../../authoring/outcome';
import { readEmitters } from '../../deliveries';
import { emitterReport } from '../../deliveries/report';
import type { RunRecord } from '../../ports';
import { statsOf } from '../../records/questions';
import { resultsInParallel } from '../../values/in-parallel';
import { TIME_FORMS } from '../../values/past-time';
import { list as approvals, type Approval } from '../approvals/list';
import { instant, limit, list, timeBy, timeOrAge } from '../fields';
import { question } from '../operation';
import { pageOfRuns } from '../runs/list';
import { viewOf } from '../schedules/view';
import { SUMMARIES } from '../summaries';
import type { Surroundings } from '../surroundings';
import { list as triggers } from '../triggers/list';
import { list as workers } from '../workers/list';
import {
  attentionItem,
  failedRuns,
  lateRuns,
  lateSchedules,
  newestFirst,
  regressions,
  waitsForPeople,
  withCause,
} from './attention';

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;
/** Time before the window: a run that began earlier is not looked at when it fails. */
const LONGEST_MS = WEEK_MS;
const PAGE = 1_000;
/** Maximum number of pages that are read of one kind of runs. */
const MOST_PAGES = 5;
const MOST_SCHEDULES = 10;
const MOST_QUEUES = 200;
/** Number of concurrent questions about the causes of failures. */
const AT_ONCE = 10;

const hour = z.object({
  /** When the hour begins. */
  at: instant,
  counts: z.partialRecord(z.enum(RUN_STATUSES), z.int()),
});

const health = z.object({
  /** State of the server; if `unreachable`, facts that only the server knows are left out. */
  server: z.enum(['connecting', 'connected', 'unreachable']),
  /** Counts of workers; absent if the server keeps no list of workers, or is away. */
  workers: z
    .object({
      alive: z.int(),
      /** Task queues of unfinished runs that no worker serves. */
      queuesWithoutWorker: list(z.string()),
    })
    .optional(),
  /** The size of the run history, in bytes; absent if it does not tell. */
  history: z
    .object({
      technology: z.string(),
      bytes: z.number(),
      /** Free bytes of its disk; absent if the history lies on another machine. */
      freeBytes: z.number().optional(),
    })
    .optional(),
  /** Emitters that fail, were disabled, or are behind while nobody delivers. */
  emitters: list(emitterReport.pick({ name: true, state: true, lag: true })),
  /** Triggers with events that have started no run yet. */
  triggers: list(z.object({ name: z.string(), pendingCount: z.int(), atLeast: z.boolean() })),
});

export const overview = question({
  name: 'project.overview',
  ...SUMMARIES['project.overview'],
  description:
    'Shows what needs attention, newest first: failed runs that were not resumed, late runs, overdue schedules, and runs that wait for a signal. ' +
    'A run is late if it lasts more than twice as long as usual. It also shows what became slower or fails more often than in the week before. ' +
    'Then the runs of each hour by status, the schedules that are due next, and the health of workers, run history, emitters and triggers.',
  isTool: true,
  asksServer: true,
  ask: z.strictObject({
    since: timeOrAge
      .default('24h')
      .describe(`what failed, became worse or began then or later: ${TIME_FORMS}`),
    limit: limit(1_000, 50).describe('how many items that need attention at most'),
  }),
  answer: z.object({
    since: instant,
    until: instant,
    /** Newest first. */
    attention: list(attentionItem),
    /** Number of items in all. */
    total: z.int(),
    /** Hours without a run are left out. Oldest first. */
    hours: list(hour),
    /** Set if only the newest runs were read, so that `total` and `hours` may be more. */
    truncated: z.boolean(),
    /** Schedules that are due next, the soonest first; absent if the server is away. */
    schedules: list(z.object({ id: z.string(), tapestry: z.string(), at: instant })).optional(),
    health,
  }),
  examples: [{}, { since: '7d', limit: 200 }],
  /** @throws SelvageError `BackendUnavailable` */
  async run(of, { since: asked, limit: most }) {
    const { runHistory } = of.backends;
    const now = await runHistory.now();
    const since = timeBy(now, asked);
    const window = { since, until: now + 1 };
    const [recent, failed, running, usual, ofTapestries, ofDefinitions, waits, listed] = await Promise.all([
      pagesOf((cursor) => pageOfRuns(of, { since, limit: PAGE, cursor })),
      pagesOf((cursor) =>
        runHistory.listRuns({ status: 'failed', since: since - LONGEST_MS, limit: PAGE, cursor }),
      ),
      pagesOf((cursor) => pageOfRuns(of, { status: 'running', limit: PAGE, cursor })),
      runHistory.statistics({ by: 'tapestry', since: now - WEEK_MS, until: now + 1 }),
      statsOf(runHistory, { by: 'tapestry', ...window }),
      statsOf(runHistory, { by: 'definition', ...window }),
      pagesOf<Approval>((cursor) => approvals.run(of, { cursor })),
      of.reach.ask(({ schedules }) => schedules.list()),
    ]);
    const schedules = listed?.flatMap((one) => ('unreadable' in one ? [] : [viewOf(one, of.caller)]));
    const isWaiting = new Set(waits.items.map(({ runId }) => runId));
    const atWork = running.items.filter(({ run_id }) => !isWaiting.has(run_id));
    const attention = newestFirst([
      ...failedRuns(failed.items, since),
      ...lateRuns(atWork, usual, now),
      ...lateSchedules(schedules ?? [], now),
      ...waitsForPeople(waits.items),
      ...regressions(ofTapestries),
      ...regressions(ofDefinitions),
    ]);
    const due = schedules?.flatMap(({ id, tapestry, nextAt: [at] }) =>
      at === undefined ? [] : [{ id, tapestry, at }],
    );
    return {
      since,
      until: now,
      attention: await resultsInParallel(attention.slice(0, most), AT_ONCE, (item) =>
        withCause(runHistory, item),
      ),
      total: attention.length,
      hours: byHour(recent.items),
      truncated: [recent, failed, running, waits].some(({ isCut }) => isCut),
      schedules: due?.sort((one, other) => one.at - other.at).slice(0, MOST_SCHEDULES),
      health: await healthOf(of),
    };
  },
});

interface Read<Item> {
  readonly items: readonly Item[];
  readonly cursor?: string;
}

async function pagesOf<Item>(
  read: (cursor: string | undefined) => Promise<Read<Item>> | Read<Item>,
): Promise<{ items: readonly Item[]; isCut: boolean }> {
  const items: Item[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const page = await read(cursor);
    items.push(...page.items);
    cursor = page.cursor;
    if (cursor === undefined) break;
  }
  return { items, isCut: cursor !== undefined };
}

function byHour(runs: readonly RunRecord[]): z.output<typeof hour>[] {
  const hours = new Map<number, Partial<Record<RunRecord['status'], number>>>();
  for (const { started_at, status } of runs) {
    const at = Math.floor(started_at / HOUR_MS) * HOUR_MS;
    const counts = hours.get(at) ?? {};
    counts[status] = (counts[status] ?? 0) + 1;
    hours.set(at, counts);
  }
  return [...hours].map(([at, counts]) => ({ at, counts })).sort((one, other) => one.at - other.at);
}

async function healthOf(of: Surroundings): Promise<z.output<typeof health>> {
  const { backends, reach } = of;
  const { runHistory } = backends;
  const hasEmitters = runHistory.emitterTableBeside !== undefined;
  const [queues, emitters, pending, space] = await Promise.all([
    workers.run(of, { limit: MOST_QUEUES }),
    hasEmitters ? readEmitters(backends) : [],
    triggers.run(of, {}),
    runHistory.space?.(),
  ]);
  const alive = new Set(queues.items.flatMap((one) => one.workers.map(({ identity }) => identity)));
  return {
    server: reach.state,
    ...(space && { history: { technology: runHistory.technology, ...space } }),
    // If the server went away during the questions, queues may only seem to have no worker.
    ...(queues.workersKnown &&
      reach.state === 'connected' && {
        workers: {
          alive: alive.size,
          queuesWithoutWorker: queues.items
            .filter((one) => one.running > 0 && one.workers.length === 0)
            .map(({ taskQueue }) => taskQueue),
        },
      }),
    emitters: emitters
      .filter(
        ({ state, lag }) =>
          state === 'failing' || state === 'disabled' || (state === 'unassigned' && lag.changes > 0),
      )
      .map(({ name, state, lag }) => ({ name, state, lag })),
    triggers: pending.items
      .filter(({ pendingCount }) => pendingCount > 0)
      .map(({ name, pendingCount, atLeast }) => ({ name, pendingCount, atLeast: atLeast.pendingCount })),
  };
}
