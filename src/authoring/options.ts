import { SelvageError } from '../errors';
import { isPartitionDomain } from '../partitions';
import { isObject, utf8Length } from '../values';
import { inMilliseconds } from '../values/duration';
import {
  firstProblem,
  isBoolean,
  line,
  nested,
  oneOf,
  positive,
  sayable,
  shown,
  text,
  texts,
  wholeNumber,
  type Check,
  type Checks,
  type Form,
} from './checks';
import { columns, datasets } from './dataset';
import { bodyHost } from './host-options';
import { isMarkedEmitter } from './marks';
import { isStandardSchema } from './standard-schema';
import type {
  CacheOptions,
  ErrorPolicy,
  KnotOptions,
  Limit,
  ReadKnotOptions,
  RetryPolicy,
  TapestryOptions,
} from './records';
import type { LocalDispatcher, QueueDispatcher } from './dispatchers';

const LONGEST_LIMIT_KEY = 200;
const LONGEST_SUMMARY = 400;

const milliseconds = sayable('duration', (value) => {
  const read = inMilliseconds(value);
  return typeof read === 'number' && Number.isFinite(read) && read > 0
    ? undefined
    : 'must be a positive number of milliseconds, or a text such as "10s"';
});

const millisecondsOrZero = sayable('duration', (value) =>
  inMilliseconds(value) === 0
    ? undefined
    : milliseconds(value) && 'must be a number of milliseconds, 0 or more, or a text such as "10s"',
);

const atLeastOne = sayable('number', (value) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 1
    ? undefined
    : 'must be a number, 1 or more',
);

/** The limit of a summary allows for JSON, as which Temporal keeps it. */
const summary: Check = (value) =>
  line()(value) ??
  (utf8Length(JSON.stringify(value)) > LONGEST_SUMMARY
    ? `must have at most ${LONGEST_SUMMARY} bytes as JSON`
    : undefined);

const retryFields = nested<RetryPolicy>({
  maximumAttempts: wholeNumber,
  initialInterval: milliseconds,
  backoffCoefficient: atLeastOne,
  maximumInterval: milliseconds,
  nonRetryableErrors: texts,
});

const retry: Check = (value) => {
  const problem = retryFields(value);
  if (problem !== undefined) return problem;
  const { initialInterval = 1_000, maximumInterval } = value as RetryPolicy;
  return maximumInterval !== undefined && inMilliseconds(maximumInterval) < inMilliseconds(initialInterval)
    ? `has "maximumInterval", which must not be shorter than "initialInterval" (${initialInterval} ms)`
    : undefined;
};

/** Accepts a number, or a key with a number for all definitions with that key. */
const limitOf = (number: Check): Check => {
  const fields = nested<Exclude<Limit, number>>({ key: line(LONGEST_LIMIT_KEY), limit: number }, [
    'key',
    'limit',
  ]);
  const check: Check = (value) => {
    if (isObject(value)) return fields(value);
    const complaint = number(value);
    return complaint && `${complaint}, or { key, limit }`;
  };
  return sayable(
    { either: ['number', fields.form], expected: 'a number, or { key, limit }' },
    check,
    'The most at once of each definition; with { key, limit }, of all that name the key',
  );
};

const priority: Check = (value) =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 5
    ? undefined
    : 'must be a whole number from 1 (first) to 5 (last)';

const queueFields = nested<QueueDispatcher>(
  { kind: oneOf('queue', 'local'), taskQueue: line(), host: bodyHost },
  ['kind'],
);
const localFields = nested<LocalDispatcher>({ kind: oneOf('local'), host: bodyHost });

const dispatcher: Check = (value) =>
  isObject(value) && value['kind'] === 'local' ? localFields(value) : queueFields(value);

const cacheFields = nested<CacheOptions>({ maxAge: milliseconds, codeHash: oneOf('source') });

const cache: Check = (value) => {
  if (typeof value === 'boolean') return undefined;
  return isObject(value) ? cacheFields(value) : 'must be true, false, or an object such as { maxAge: "1d" }';
};

const INHERITED: Checks<Omit<KnotOptions<ErrorPolicy>, 'reads' | 'writes' | 'columns'>> = {
  errorPolicy: sayable(
    'errorPolicy',
    oneOf('skipIfParentFailed', 'requireAllParents', 'receiveErrors'),
    'What becomes of the knot when not all of its parents are ok',
  ),
  retry: sayable(
    retryFields.form,
    retry,
    'How often, and after which waits, a body that throws is tried again',
  ),
  timeout: milliseconds,
  cancelGrace: millisecondsOrZero,
  dispatcher: sayable('dispatcher', dispatcher),
  onCodeChange: oneOf('run', 'wait'),
  cache: sayable(
    { either: ['flag', cacheFields.form], expected: 'true, false, or { maxAge, codeHash }' },
    cache,
    'Whether the value of an earlier knot with the same inputs is reused',
  ),
  maxConcurrent: limitOf(wholeNumber),
  ratePerSecond: limitOf(positive),
  priority: sayable('number', priority, '1 (first) to 5 (last)'),
  validate: isBoolean,
  logs: sayable('flag', isBoolean, 'Whether what the body logs is kept. Default: true'),
  // Documents have a description and tags instead of this option.
  summary,
};

/** Checks of {@link KnotOptions}, and how documents write them. */
export const KNOT_OPTIONS: Checks<KnotOptions<ErrorPolicy>> = {
  ...INHERITED,
  reads: sayable('datasets', datasets, 'For lineage: the data outside of runs that it reads'),
  writes: sayable('datasets', datasets, 'For lineage: the data outside of runs that it writes'),
  columns: sayable(
    'columns',
    columns,
    'For lineage: where the columns of its value come from, such as { total: [orders.amount] }',
  ),
};

function withMilliseconds(options: KnotOptions<ErrorPolicy>): ReadKnotOptions {
  return inForm({ fields: KNOT_OPTIONS, required: [] }, options) as ReadKnotOptions;
}

function inForm(form: Form | undefined, value: unknown): unknown {
  if (form === 'duration') return inMilliseconds(value);
  if (typeof form !== 'object' || 'oneOf' in form || !isObject(value)) return value;
  if ('either' in form) return form.either.reduce<unknown>((read, one) => inForm(one, read), value);
  const parts = Object.entries(value).map(([key, part]) => [key, inForm(form.fields[key]?.form, part)]);
  return Object.freeze(Object.fromEntries(parts));
}

export function isKnotOption(name: string): boolean {
  return name === 'id' || name === 'tapestry' || Object.hasOwn(KNOT_OPTIONS, name);
}

const definitionsField = nested<{ definitions: unknown }>(
  {
    definitions: (value) =>
      Array.isArray(value) && value.every((item) => typeof item === 'function')
        ? undefined
        : 'must be a list of definitions',
  },
  ['definitions'],
);

const extensible: Check = (value) =>
  typeof value === 'boolean'
    ? undefined
    : definitionsField(value)?.replace(/^must be an object$/, 'must be true or an object');

const TAPESTRY_OPTIONS: Checks<TapestryOptions> = {
  // `receiveErrors` is not for a whole tapestry, as not all of its knots receive outcomes.
  knots: nested({ ...INHERITED, errorPolicy: oneOf('skipIfParentFailed', 'requireAllParents') }),
  failOn: oneOf('unhandled', 'any', 'never'),
  description: text,
  extensible,
  taskQueue: line(),
  partition: (value) =>
    isPartitionDomain(value)
      ? undefined
      : 'must be what daily, hourly, weekly, monthly, list or product answers',
  emitters: (value) =>
    Array.isArray(value) && value.flat().every(isMarkedEmitter)
      ? undefined
      : 'must be a list of what emitter(…), logEmitter(…) and their like make',
  dependsOnPrevious: isBoolean,
};

/** An object, of any realm, that no class made. */
function isPlain(value: unknown): value is Record<string, unknown> {
  if (!isObject(value) || isStandardSchema(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Drops undefined properties. Copies plain objects and lists, but not instances of classes and schemas. */
function frozenCopy<T>(value: T): T {
  if (Array.isArray(value)) return Object.freeze([...value]) as T;
  if (!isPlain(value) || isPartitionDomain(value) || isMarkedEmitter(value)) return value;
  return frozenEntries(value) as T;
}

function frozenEntries(value: object): object {
  const copy: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) {
    if (part !== undefined) copy[key] = frozenCopy(part);
  }
  return Object.freeze(copy);
}

/** Checks options and returns a frozen copy. Throws `InvalidConfig`, which names `owner` and the wrong option. */
export function readOptions<T>(
  owner: string,
  given: unknown,
  checks: Checks<T>,
  hint = 'Correct or remove it.',
): T {
  if (!isObject(given)) {
    throw new SelvageError(
      'InvalidConfig',
      `The options of ${owner} must be an object, and are ${shown(given)}.`,
      { details: { owner, reason: 'WrongValue' } },
    );
  }
  const problem = firstProblem(given, checks);
  if (problem !== undefined) {
    throw new SelvageError(
      'InvalidConfig',
      `The option "${problem.key}" of ${owner} cannot be used: it ${problem.complaint}. ${hint}`,
      { details: { owner, option: problem.key, reason: problem.reason } },
    );
  }
  // The options as a whole may be an instance of a class.
  return frozenEntries(given) as T;
}

/** The options of a placement, without `id` and `tapestry`. */
export function readKnotOptions(owner: string, given: unknown): ReadKnotOptions {
  return withMilliseconds(
    readOptions(owner, given, KNOT_OPTIONS, 'Correct or remove it; inputs belong in the first argument.'),
  );
}

/** The options of a definition for its knots, without `input`, `output`, `version` and `receives`. */
export function readDefinitionOptions(owner: string, given: unknown): ReadKnotOptions {
  return withMilliseconds(
    readOptions(
      owner,
      given,
      KNOT_OPTIONS,
      'Correct or remove it; beside these, a definition takes input, output, version and receives.',
    ),
  );
}

export function readTapestryOptions(owner: string, given: unknown): TapestryOptions<number> {
  const { knots, ...options } = readOptions(
    owner,
    given,
    TAPESTRY_OPTIONS,
    'Correct or remove it; `tapestry()` takes parameters as well.',
  );
  if (options.dependsOnPrevious && !options.partition) {
    throw new SelvageError(
      'InvalidConfig',
      `The option "dependsOnPrevious" of ${owner} says nothing without "partition". Give it partitions, such as daily("2024-01-01"), or remove it.`,
      { details: { owner, option: 'dependsOnPrevious', reason: 'NotApplicable' } },
    );
  }
  return Object.freeze({
    ...options,
    ...(knots && { knots: withMilliseconds(knots) as TapestryOptions<number>['knots'] }),
  });
}

/** The knot's own options, else its definition's, else its tapestry's. Each option is taken as a whole. */
export function effectiveOptions(
  tapestry: TapestryOptions<number>,
  definition: ReadKnotOptions,
  own: ReadKnotOptions,
): ReadKnotOptions {
  // Most knots set no options, and share one object.
  if (Object.keys(own).length === 0 && tapestry.knots === undefined) return definition;
  return Object.freeze({ ...tapestry.knots, ...definition, ...own });
}
