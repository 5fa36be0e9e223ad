import { SelvageError, type ErrorReason } from '../errors';

const NAME = /^[A-Za-z][A-Za-z0-9_.:/-]{0,199}$/;
const RESERVED_PREFIX = 'selvage';

/** A parameter's knot has the id `param:<name>`. */
export const PARAMETER_PREFIX = 'param:';

type BrokenRule = readonly [reason: ErrorReason<'InvalidName'>, rule: string];

function brokenRule(name: unknown): BrokenRule | undefined {
  if (typeof name !== 'string') return ['NotText', 'must be a string'];
  if (name === '') return ['Empty', 'must not be empty'];
  if (name.length > 200) return ['TooLong', `must have at most 200 characters, and has ${name.length}`];
  // Temporal looks up activities and workflows as properties of objects, which have these names.
  if (name === 'default' || Object.hasOwn(Object.prototype, name)) return ['Reserved', 'is reserved'];
  if (!NAME.test(name)) {
    return ['WrongCharacters', 'must begin with a letter, and go on with letters, digits and _ . : / - only'];
  }
  if (name.startsWith(RESERVED_PREFIX)) {
    return ['Reserved', `must not begin with "${RESERVED_PREFIX}", which is kept for the framework`];
  }
  return undefined;
}

/** Throws `InvalidName` unless `name` is valid; `what` is the kind of thing in the message ("knot"). */
export function checkName(what: string, name: unknown): asserts name is string {
  const broken = brokenRule(name);
  if (broken === undefined) return;
  const [reason, rule] = broken;
  const shown = typeof name === 'string' ? `"${shorten(name)}"` : typeof name;
  throw new SelvageError(
    'InvalidName',
    `The ${what} name ${shown} cannot be used: it ${rule}. Choose another name, such as "fetch-prefs" or "daily/report".`,
    { details: { what, name, reason } },
  );
}

export function checkKnotId(id: unknown): asserts id is string {
  checkName('knot', id);
  if (id.startsWith(PARAMETER_PREFIX)) {
    throw new SelvageError(
      'InvalidName',
      `The knot name "${id}" cannot be used: ids that begin with "${PARAMETER_PREFIX}" belong to parameters. ` +
        `Choose another id, or declare a parameter with \`t.parameter(name, schema)\`.`,
      { details: { what: 'knot', name: id, reason: 'Reserved' } },
    );
  }
}

const LONGEST_COMPARED = 256;

/** The known name that was most likely meant: at most 45 % of its letters differ, or one is a prefix of the other. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  // Comparing texts longer than this limit may take seconds.
  if (name.length > LONGEST_COMPARED) return undefined;
  for (const candidate of known) {
    if (candidate.length > LONGEST_COMPARED) continue;
    const [given, other] = [name.toLowerCase(), candidate.toLowerCase()];
    const isPrefix = given !== '' && (other.startsWith(given) || given.startsWith(other));
    const allowed = isPrefix ? 1 : Math.floor(Math.max(given.length, other.length) * 0.45);
    const difference = Math.abs(given.length - other.length);
    if (!isPrefix && difference > allowed) continue;
    const edits = isPrefix ? Math.min(1, difference) : editsBetween(given, other);
    if (edits > allowed || edits >= fewest) continue;
    nearest = candidate;
    fewest = edits;
  }
  return nearest;
}

export function didYouMean(name: string, known: Iterable<string>): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? '' : ` (did you mean "${nearest}"?)`;
}

/** Letters to add, remove, change or swap with their neighbour: the optimal string alignment distance. */
function editsBetween(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? beforeLast[j - 2]! + 1 : changed;
      row.push(Math.min(changed, swapped, last[j]! + 1, row[j - 1]! + 1));
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length]!;
}

function shorten(name: string): string {
  return name.length > 60 ? `${name.slice(0, 60)}…` : name;
}
