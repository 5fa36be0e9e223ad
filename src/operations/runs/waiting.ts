import { z } from 'zod';
import { countWaiting, WAITING_GROUPS, waitingCount, waitingRun } from '../../connection/across/waiting-run';
import { readWaitingRuns } from '../../connection/across/waiting-runs';
import { duration, flagged, limit, list, openRunFilters } from '../fields';
import { question } from '../operation';
import { SUMMARIES } from '../summaries';

const GROUPS = 100;
/** Milliseconds for listing all runs, before single runs are looked at. */
const LISTING_MS = 30_000;

export const waiting = question({
  name: 'runs.waiting',
  ...SUMMARIES['runs.waiting'],
  description:
    'Lists the unfinished runs that wait, the longest waits first: for a worker, a body, a limit, a signal, a time, a backend, another attempt. ' +
    'Runs with work in progress are only counted.',
  isTool: true,
  needs: ['records', 'server'],
  ask: z.strictObject({
    by: flagged(z.enum(WAITING_GROUPS).optional().describe('count them by this'), {
      placeholder: 'what',
    }),
    ...openRunFilters,
    limit: limit(10_000, 50).describe('how many runs to list at most'),
    within: duration
      .default(10_000)
      .describe('how long to ask the server about single runs; others are listed as not asked about'),
  }),
  answer: z.object({
    open: z.int(),
    /** Number of runs with a task at a worker, which wait for nothing. */
    working: z.int(),
    waiting: z.int(),
    /** Number of possibly waiting runs that were not checked in time. */
    notAsked: z.int(),
    /** Longest wait first. */
    items: list(waitingRun),
    /** The largest groups; absent without `by`. */
    counts: list(waitingCount).optional(),
  }),
  examples: [{}, { by: 'reason', tapestry: 'nightly' }],
  /** @throws SelvageError `ServerUnreachable`, `BackendUnavailable` */
  async run({ reach }, { by, limit: most, ...query }) {
    const { items, open, working } = await reach.do(
      ({ across }) => readWaitingRuns(across, query),
      query.within + LISTING_MS,
    );
    const notAsked = items.filter(({ reason }) => reason.code === 'NotChecked').length;
    return {
      open,
      working,
      waiting: items.length - notAsked,
      notAsked,
      items: items.slice(0, most),
      ...(by && { counts: countWaiting(items, by).slice(0, GROUPS) }),
    };
  },
});
