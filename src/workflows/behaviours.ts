/**
 * The interpreter's behaviours, numbered. A change that a replay of an older history could notice (another order of
 * commands, another activity, another option of one) gets the next number here and a branch where it acts, on one of
 * the constants below. A run keeps for its whole life the number that its first task recorded.
 *
 * | number | since | what changed, and what would break on replay without the branch |
 * |---|---|---|
 * | 1 | 0.1.0 | the first interpreter |
 * | 2 | 0.1.0 | `local` knots go out in segments. A worker of behaviour 1 takes such a plan as well, and runs each as an activity |
 * | 3 | 0.1.0 | deadlines; runs that take over outcomes of another run; slow knots of large plans in child runs; the first segment begins in the first step, whose answer may bring its answer; segments of continued runs ask for records first; a knot whose worker is lost in a cancel is cancelled, not failed. Error policies and optional knots need no number: plans that have them are of a format that earlier versions refuse |
 * | 4 | 0.1.0 | what a run asks a worker for between its first step and its last (look-ups, checks of signals, times of waits, extensions, records for receivers) goes by activities: the SDK may deliver the answer of a local one later than a replay does, where a query comes with the task. A run whose history is full when a wait ends, with nothing else under way, continues as new: it stood still |
 * | 5 | 0.1.0 | a map in batches has as many activities at once as there are batches, up to 50, of fewer elements at once each, instead of the square root of its concurrency |
 */
export const NEWEST_BEHAVIOUR = 5;

/** The behaviours that later ones differ from, by what they brought. */
export const SEGMENTS_SINCE = 2;
export const DEADLINES_SINCE = 3;
export const CHILD_RUNS_SINCE = 3;
export const RECORDS_ASKED_SINCE = 3;
export const LOST_IS_CANCELLED_SINCE = 3;
export const ASKS_BY_ACTIVITIES_SINCE = 4;
export const WAITS_END_AT_REST_SINCE = 4;
export const BATCHES_BY_COUNT_SINCE = 5;

/**
 * Refuses a history that a newer interpreter began: the error fails the workflow *task*, so that the run waits for a
 * worker that knows what it does. Its message begins with the code, for that is all of it that Temporal keeps.
 */
export function requireKnownBehaviour(behaviour: number): void {
  if (Number.isInteger(behaviour) && behaviour >= 1 && behaviour <= NEWEST_BEHAVIOUR) return;
  throw new Error(
    `HistoryTooNew: this run was begun by a newer Selvage (behaviour ${behaviour}; this one knows up to ${NEWEST_BEHAVIOUR}). It waits ` +
      'until a worker of that version or a later one polls its task queue: start one, and update this one.',
  );
}
