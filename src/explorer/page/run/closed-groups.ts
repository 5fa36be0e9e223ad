import type { RunGraph } from '../../../authoring/run-graph';
import { groupsOf } from '../../../visualisation/groups';

/** Number of knots from which the outermost groups start closed. */
const MANY = 600;
const NONE = '-';

/** @param text in the URL; absent if the user has not opened or closed any yet */
export function closedOf(text: string | undefined, knots: RunGraph['knots']): ReadonlySet<string> {
  if (text !== undefined) return new Set(text === NONE ? [] : text.split('\n').filter((name) => name !== ''));
  if (knots.length < MANY) return new Set();
  return new Set(groupsOf(knots).groups.flatMap(({ name, depth }) => (depth === 0 ? [name] : [])));
}

/** The closed groups after one of them is opened or closed. */
export function toggled(closed: ReadonlySet<string>, name: string): ReadonlySet<string> {
  const names = new Set(closed);
  if (!names.delete(name)) names.add(name);
  return names;
}

export const closedText = (names: ReadonlySet<string>): string =>
  names.size === 0 ? NONE : [...names].join('\n');
