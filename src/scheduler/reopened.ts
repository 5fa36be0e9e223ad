import { withTheirBranches } from './branches';
import type { Layout } from '../plan/layout';
import { packCodes, unpackCodes } from './outcome-codes';
import type { SavedScheduler } from './saved-scheduler';

const WAITING = 0;
const OK = 1;

/**
 * A save in which these ended knots run again. A path reopens its branch, and a branch all its paths. Knots that used
 * values of reopened knots keep their outcomes. Values are looked up, so `saved` has none.
 *
 * @param again running knots to decide once more: a parent may run again, or have failed as it ran again
 */
export function reopened(
  layout: Layout,
  saved: SavedScheduler<null>,
  knots: readonly number[],
  again: ReadonlySet<number>,
): SavedScheduler<null> {
  const codes = unpackCodes(saved.outcomes, layout.size)!;
  for (const open of withTheirBranches(layout, knots)) codes[open] = WAITING;
  return {
    ...saved,
    running: saved.running.filter((knot) => !again.has(knot)),
    outcomes: packCodes(layout.size, (knot) => codes[knot]!),
    takenOver: true,
    values: neededValues(layout, codes),
  };
}

/** One value per Ok knot whose value may be needed. */
function neededValues(
  { size, childStart, children, terminals }: Layout,
  codes: Uint8Array,
): SavedScheduler<null>['values'] {
  const isTerminal = new Set(terminals);
  const values: null[] = [];
  for (let knot = 0; knot < size; knot++) {
    const below = children.subarray(childStart[knot], childStart[knot + 1]);
    if (codes[knot] === OK && (isTerminal.has(knot) || below.some((child) => codes[child] === WAITING)))
      values.push(null);
  }
  return values;
}
