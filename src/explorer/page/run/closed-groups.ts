import type { RunGraph } from '../../../authoring/run-graph';
import { groupsOf } from '../../../visualisation/groups';

/** Number of knots from which the outermost groups start closed. */
const MANY = 600;
/** The text in the URL if no group is closed. */
const NONE = '-';

/**
 * The closed groups by the text in the URL. Group names come from ids, which contain no line breaks.
 *
 * @param text absent if the user has not opened or closed any yet
 */
export function closedOf(text: string | undefined, knots: RunGraph['knots']): ReadonlySet<string> {
  if (text !== undefined) return new Set(text === NONE ? [] : text.split('\n').filter((name) => name !== ''));
  if (knots.length < MANY) return new Set();
  return new Set(groupsOf(knots).groups.flatMap(({ name, depth }) => (depth === 0 ? [name] : [])));
}

export const closedText = (names: ReadonlySet<string>): string =>
  names.size === 0 ? NONE : [...names].join('\n');
