import type { RunGraph } from '../../../authoring/run-graph';
import { groupsOf, type Group } from '../../../visualisation/groups';

/** Number of knots from which the outermost groups start closed. */
const MANY = 600;
/** Number of knots from which a group whose knots do not depend on each other starts closed. */
const LONG = 30;
const NONE = '-';

/** @param text in the URL; absent if the user has not opened or closed a group yet */
export function closedOf(text: string | undefined, knots: RunGraph['knots']): ReadonlySet<string> {
  if (text !== undefined) return new Set(text === NONE ? [] : text.split('\n').filter((name) => name !== ''));
  const isClosed = knots.length < MANY ? isLongRank(knots) : ({ depth }: Group) => depth === 0;
  return new Set(
    groupsOf(knots)
      .groups.filter(isClosed)
      .map(({ name }) => name),
  );
}

function isLongRank(knots: RunGraph['knots']): (group: Group) => boolean {
  return ({ members }) => {
    if (members.length < LONG) return false;
    const own = new Set(members);
    return members.every((knot) =>
      knots[knot]!.inputs.every((input) => !('from' in input) || !own.has(input.from)),
    );
  };
}

/** The closed groups after a group is opened or closed. */
export function toggled(closed: ReadonlySet<string>, name: string): ReadonlySet<string> {
  const names = new Set(closed);
  if (!names.delete(name)) names.add(name);
  return names;
}

export const closedText = (names: ReadonlySet<string>): string =>
  names.size === 0 ? NONE : [...names].join('\n');
