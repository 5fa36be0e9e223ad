import { SelvageError } from '../errors';

const NAME = /^[A-Za-z][A-Za-z0-9_.:/-]{0,199}$/;
const RESERVED_PREFIX = 'selvage';

/** Ids of parameters are this and their name. */
export const PARAMETER_PREFIX = 'param:';

function brokenRule(name: unknown): string | undefined {
  if (typeof name !== 'string') return 'must be a string';
  if (name === '') return 'must not be empty';
  if (name.length > 200) return `must have at most 200 characters, and has ${name.length}`;
  // Temporal looks activities and workflow types up as properties of objects, where these names are always found.
  if (name === 'default' || Object.hasOwn(Object.prototype, name)) return 'is reserved';
  if (!NAME.test(name)) return 'must begin with a letter, and go on with letters, digits and _ . : / - only';
  if (name.startsWith(RESERVED_PREFIX))
    return `must not begin with "${RESERVED_PREFIX}", which is kept for the framework`;
  return undefined;
}

/** Throws InvalidName unless `name` may name a `what` (as "knot", "tapestry", …). */
export function checkName(what: string, name: unknown): asserts name is string {
  const rule = brokenRule(name);
  if (rule === undefined) return;
  const shown = typeof name === 'string' ? `"${shorten(name)}"` : typeof name;
  throw new SelvageError(
    'InvalidName',
    `The ${what} name ${shown} cannot be used: it ${rule}. Choose another name, such as "fetch-prefs" or "daily/report".`,
    { details: { what, name } },
  );
}

/** Throws InvalidName unless `id` may be the id of a knot that is placed by a user. */
export function checkKnotId(id: unknown): asserts id is string {
  checkName('knot', id);
  if (id.startsWith(PARAMETER_PREFIX)) {
    throw new SelvageError(
      'InvalidName',
      `The knot name "${id}" cannot be used: ids that begin with "${PARAMETER_PREFIX}" belong to parameters. ` +
        `Choose another id, or declare a parameter with \`t.parameter(name, schema)\`.`,
      { details: { what: 'knot', name: id } },
    );
  }
}

function shorten(name: string): string {
  return name.length > 60 ? `${name.slice(0, 60)}…` : name;
}
