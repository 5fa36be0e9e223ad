/**
 * The interpreter's behaviours, numbered. A change that the replay of an older history could notice (another order of
 * commands, another activity or option) gets the next number and a branch where it acts. A run keeps the behaviour's
 * number that its first step recorded. Until the first release only behaviour 1 exists, and is edited in place.
 *
 * | number | since | what changed, and what would break on replay without the branch |
 * |---|---|---|
 * | 1 | 0.1.0 | the first interpreter |
 */
export const NEWEST_BEHAVIOUR = 1;

/**
 * Refuses a history that a newer interpreter began. The refusal fails the workflow *task*, so the run waits for a
 * worker that knows the behaviour. Temporal keeps only the refusal's message, which therefore begins with the code.
 */
export function requireKnownBehaviour(behaviour: number): void {
  if (Number.isInteger(behaviour) && behaviour >= 1 && behaviour <= NEWEST_BEHAVIOUR) return;
  throw new Error(
    `HistoryTooNew: this run was begun by a newer Selvage (behaviour ${behaviour}; this one knows up to ${NEWEST_BEHAVIOUR}). It waits ` +
      'until a worker of that version or a later one polls its task queue: start one, and update this one.',
  );
}
