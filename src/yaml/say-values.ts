import type { StandardSchema } from '../authoring';
import type { DefinitionRecord, KnotOptions, KnotRecord } from '../authoring/records';
import { jsonSchemaOf } from '../node/json-schema-of';
import type { DomainDescription } from '../partitions';
import type { SqlLimits } from '../tables';
import type { ScheduleDeclaration } from '../triggers';
import { sayDispatcher } from './dispatchers';
import { NotSayable } from './not-sayable';

export type Fields = Record<string, unknown>;

/** Throws `NotSayable`. */
export function sayOptions({ summary, dispatcher, ...others }: KnotOptions): Fields {
  return {
    ...(summary !== undefined && { description: summary }),
    ...others,
    ...(dispatcher && { dispatcher: sayDispatcher(dispatcher) }),
  };
}

export function sayDomain(description: DomainDescription): Fields {
  switch (description.kind) {
    case 'list':
      return { list: [...description.keys] };
    case 'product':
      return {
        product: Object.fromEntries(description.parts.map(([name, part]) => [name, sayDomain(part)])),
      };
    default: {
      const { kind, ...others } = description;
      return { [kind]: others };
    }
  }
}

/** Throws `NotSayable`. */
export function saySchedule({ id, options }: ScheduleDeclaration): Fields {
  const {
    cron,
    calendar,
    everyMs,
    offsetMs,
    timezone,
    overlap,
    catchupMs,
    jitterMs,
    parameters,
    plannedTime,
    pin,
    tags,
    taskQueue,
  } = options;
  return {
    id,
    ...(cron && { cron: cron.length === 1 ? cron[0] : [...cron] }),
    ...(calendar && { calendar: structuredClone(calendar) }),
    ...(everyMs !== undefined && { every: everyMs }),
    ...(offsetMs !== undefined && { offset: offsetMs }),
    ...(everyMs === undefined && timezone !== 'UTC' && { timezone }),
    ...(overlap !== 'skip' && { overlap }),
    catchup: catchupMs,
    ...(jitterMs > 0 && { jitter: jitterMs }),
    ...(Object.keys(parameters).length > 0 && {
      parameters: json(parameters, `the parameters of the schedule "${id}"`),
    }),
    ...(plannedTime !== undefined && { plannedTime }),
    ...(pin && { pin }),
    ...(tags.length > 0 && { tags: [...tags] }),
    ...(taskQueue !== undefined && { taskQueue }),
  };
}

/** A copy of JSON. Throws `NotSayable` for other values. */
export function json(value: unknown, what: string): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0)) return value;
  if (Array.isArray(value)) return value.map((item) => json(item, what));
  if (typeof value === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(value) as null))
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, json(part, what)]));
  throw new NotSayable(`${what} is no JSON`);
}

/** Throws `NotSayable`. */
export function schemaAsJson(schema: StandardSchema, what: string): unknown {
  try {
    const described = jsonSchemaOf(schema, 'input');
    if (described === undefined) throw new Error('its library has no JSON Schema of it');
    return json(described, what);
  } catch (error) {
    throw new NotSayable(
      `the schema of ${what} is no JSON Schema: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** A query without its inputs. Throws `NotSayable`. */
export function sayQuery({ id, inputs }: KnotRecord, { code }: DefinitionRecord): Fields {
  const own = (name: string): unknown => {
    const input = inputs.get(`selvage.${name}`);
    return input?.kind === 'constant' ? input.value : undefined;
  };
  const [query, ...places] = own('query') as string[];
  const { access, ...limits } = code as SqlLimits;
  if (places.length > 0)
    throw new NotSayable(`"${id}" has inputs in its query. Name them: sql({ query, inputs }, { id: '…' })`);
  if (access !== undefined) throw new NotSayable(`"${id}" reads files, which documents cannot allow`);
  const { columns, key } = (own('output') ?? {}) as {
    columns?: readonly (readonly [name: string, type: string])[];
    key?: readonly string[];
  };
  return {
    type: 'sql',
    query,
    ...(columns && { output: Object.fromEntries(columns) }),
    ...(key && key.length > 0 && { key }),
    ...limits,
  };
}
