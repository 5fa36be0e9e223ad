/**
 * The JSON of answers: what `--json` prints, the page's HTTP API sends and MCP tools return.
 *
 * - A time is ISO 8601 text, UTC with milliseconds. In code it is milliseconds since the epoch.
 * - A record of the run history has its columns in camelCase, and so have the facts in its `extra` or `details`.
 * - What users have made is handed on as it is: values, their schemas, facts of an event.
 */

/** Names of times. No duration, size or count may have one of them. */
const TIME = /^(?:at|since|until)$|(?:At|Since|Until)$/;

/** Whether a field of this name is a time. */
export function isTimeName(name: string): boolean {
  return TIME.test(name);
}

const ISO = /^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const LATEST = 8.64e15;

/** Fields whose content is not ours. */
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

/** Names of objects whose keys may be ids of knots or partitions. */
const KEYED: ReadonlySet<string> = new Set(['checkpoint', 'elements', 'knots', 'outcomes', 'waiting']);

/** Columns of records with facts of ours, under names in snake_case. */
const FACTS: ReadonlySet<string> = new Set(['extra', 'details']);

type Time = (milliseconds: number) => unknown;

/** An answer as JSON has it. */
export function answerJson(answer: unknown): unknown {
  return shown(answer, '', false, (time) => new Date(time).toISOString());
}

type Camel<Name> = Name extends `${infer Word}_${infer Rest}`
  ? `${Word}${Capitalize<Camel<Rest> & string>}`
  : Name;
/** What has names in snake_case, under names in camelCase. */
export type CamelCased<Fields> = { [Name in keyof Fields as Camel<Name>]: Fields[Name] };

/** A record as answers have it: with its columns, and the facts in its `extra` or `details`, in camelCase. Its times are numbers. */
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
      put(made, key, shown(value[key], '', isOurs, time));
      continue;
    }
    const isFacts = isRecord && FACTS.has(key);
    const own = isRecord || isOurs ? camelCase(key) : key;
    const isTheirs = (VERBATIM.has(own) && !isFacts) || (isOurs && own === 'terminals');
    put(made, own, isTheirs ? value[key] : shown(value[key], own, isFacts || isOurs, time));
  }
  return made;
}

/** The answer that JSON was made of: its times are numbers again. Changes what it is given. */
export function fromAnswerJson(json: unknown, name = ''): unknown {
  if (typeof json === 'string') return TIME.test(name) && ISO.test(json) ? Date.parse(json) : json;
  if (typeof json !== 'object' || json === null) return json;
  const fields = json as Record<string, unknown>;
  const isById = hasIdsAsKeys(name, fields);
  for (const key of Object.keys(fields)) {
    const field = VERBATIM.has(key) && !isById ? undefined : fields[key];
    // Most fields are neither: a look at their types is quicker than a call.
    if (typeof field === 'object' || typeof field === 'string') {
      const read = fromAnswerJson(field, Array.isArray(json) ? nameOfItems(name) : isById ? '' : key);
      if (read !== field) fields[key] = read;
    }
  }
  return json;
}

/** An object by id has objects alone. `waiting` of a single knot has the same name, but also text, such as its `code`. */
function hasIdsAsKeys(name: string, value: object): boolean {
  return KEYED.has(name) && Object.values(value).every((each) => typeof each === 'object');
}

/** The items of a list have its name: they may be times. An item of `knots` is one knot, so its keys are no ids. */
function nameOfItems(name: string): string {
  return KEYED.has(name) ? '' : name;
}

/** Ids of knots are keys, and may be `__proto__`. */
function put(made: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(made, key, { value, enumerable: true, configurable: true, writable: true });
  else made[key] = value;
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
