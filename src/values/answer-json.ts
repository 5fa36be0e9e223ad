import { setOwn } from './sorted-tree';

/**
 * The JSON of answers: of `--json`, the page's HTTP API and MCP tools.
 *
 * - Times are ISO 8601 text, UTC with milliseconds. In code, times are milliseconds since the epoch.
 * - Records of the run history have their columns, and the facts in `extra` or `details`, in camelCase.
 * - Users' data is unchanged: values, their schemas, facts of an event.
 */

/** No duration, size or count may have such a name. */
const TIME = /^(?:at|since|until)$|(?:At|Since|Until)$/;

export function isTimeName(name: string): boolean {
  return TIME.test(name);
}

const ISO = /^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const LATEST = 8.64e15;

/** Fields with users' data. */
const VERBATIM: ReadonlySet<string> = new Set([
  'after',
  'cells',
  'constant',
  'default',
  'details',
  'event',
  'json',
  'link',
  'others',
  'outputs',
  'parameters',
  'payload',
  'schema',
  'signalSchema',
  'value',
  'values',
]);

/** Objects whose keys may be ids of knots or partitions. */
const KEYED: ReadonlySet<string> = new Set(['checkpoint', 'elements', 'knots', 'outcomes', 'waiting']);

/** Columns with our own facts, in snake_case. */
const FACTS: ReadonlySet<string> = new Set(['extra', 'details']);

type Time = (milliseconds: number) => unknown;

export function answerJson(answer: unknown): unknown {
  return shown(answer, '', false, (time) => new Date(time).toISOString());
}

type Camel<Name> = Name extends `${infer Word}_${infer Rest}`
  ? `${Word}${Capitalize<Camel<Rest> & string>}`
  : Name;
export type CamelCased<Fields> = { [Name in keyof Fields as Camel<Name>]: Fields[Name] };

/** A record with its columns, and the facts in `extra` or `details`, in camelCase. Times stay numbers. */
export function recordInCamelCase<Columns extends { readonly temporal_run_id: string }>(
  record: Columns,
): CamelCased<Columns> {
  return shown(record, '', false, (time) => time) as CamelCased<Columns>;
}

function shown(value: unknown, name: string, isOurs: boolean, time: Time): unknown {
  if (typeof value === 'number') return TIME.test(name) && Math.abs(value) <= LATEST ? time(value) : value;
  if (Array.isArray(value)) return value.map((each) => shown(each, nameOfItems(name), isOurs, time));
  if (!isPlain(value)) return value;
  const isRecord = 'temporal_run_id' in value;
  const made: Record<string, unknown> = {};
  const isById = hasIdsAsKeys(name, value);
  for (const key of Object.keys(value)) {
    if (isById) {
      setOwn(made, key, shown(value[key], '', isOurs, time));
      continue;
    }
    const isFacts = isRecord && FACTS.has(key);
    const own = isRecord || isOurs ? camelCase(key) : key;
    const isTheirs = (VERBATIM.has(own) && !isFacts) || (isOurs && own === 'terminals');
    setOwn(made, own, isTheirs ? value[key] : shown(value[key], own, isFacts || isOurs, time));
  }
  return made;
}

/** Reverses {@link answerJson}: times are numbers again. Changes its argument. */
export function fromAnswerJson(json: unknown, name = ''): unknown {
  if (typeof json === 'string') return TIME.test(name) && ISO.test(json) ? Date.parse(json) : json;
  if (typeof json !== 'object' || json === null) return json;
  const fields = json as Record<string, unknown>;
  const isById = hasIdsAsKeys(name, fields);
  for (const key of Object.keys(fields)) {
    const field = VERBATIM.has(key) && !isById ? undefined : fields[key];
    // Most fields are neither objects nor texts; checking their types is quicker than a call.
    if (typeof field === 'object' || typeof field === 'string') {
      const read = fromAnswerJson(field, Array.isArray(json) ? nameOfItems(name) : isById ? '' : key);
      if (read !== field) fields[key] = read;
    }
  }
  return json;
}

/** An object whose keys are ids has only objects. `waiting` of a single knot also has text, such as its `code`. */
function hasIdsAsKeys(name: string, value: object): boolean {
  return KEYED.has(name) && Object.values(value).every((each) => typeof each === 'object');
}

/** Items of a list may be times, so they have its name. An item of `knots` is one knot, whose keys are no ids. */
function nameOfItems(name: string): string {
  return KEYED.has(name) ? '' : name;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

export function camelCase(name: string): string {
  return name.includes('_')
    ? name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    : name;
}
