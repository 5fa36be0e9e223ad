import { SelvageError, type ErrorReason } from '../errors';
import { isPartitionDomain } from '../partitions';
import { didYouMean } from './names';
import { textProblem, utf8Length } from './texts';
import type {
  BodyHostOptions,
  CacheOptions,
  CeleryHost,
  DaskHost,
  ErrorPolicy,
  KnotOptions,
  Limit,
  LocalDispatcher,
  ProgramHost,
  PythonHost,
  QueueDispatcher,
  RayHost,
  RetryPolicy,
  TapestryOptions,
  ThreadsHost,
} from './records';

const LONGEST_LIMIT_KEY = 200;
const LONGEST_HOST_NAME = 200;
const LONGEST_SUMMARY = 400;

/** Returns what the value must be, or undefined if it is valid. */
export type Check = (value: unknown) => string | undefined;
export type Checks<T> = { readonly [K in keyof T]-?: Check };

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const milliseconds: Check = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value > 0
    ? undefined
    : 'must be a positive number of milliseconds';

const millisecondsOrZero: Check = (value) =>
  value === 0 ? undefined : milliseconds(value) && 'must be a number of milliseconds, 0 or more';

const wholeNumber: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 1 ? undefined : 'must be a whole number, 1 or more';

const atLeastOne: Check = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 1
    ? undefined
    : 'must be a number, 1 or more';

const positive: Check = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 ? undefined : 'must be a number above 0';

const text: Check = (value) => (typeof value === 'string' && value !== '' ? undefined : 'must be a text');

const line =
  (bytes?: number): Check =>
  (value) =>
    textProblem(value, bytes)?.[1];

/** Temporal keeps the summary as JSON, so its length is checked in that form. */
const summary: Check = (value) =>
  line()(value) ??
  (utf8Length(JSON.stringify(value)) > LONGEST_SUMMARY
    ? `must have at most ${LONGEST_SUMMARY} bytes as JSON`
    : undefined);

const texts: Check = (value) =>
  Array.isArray(value) && value.every((item) => text(item) === undefined)
    ? undefined
    : 'must be a list of texts';

const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    values.includes(value as string) ? undefined : `must be ${values.map((v) => `"${v}"`).join(' or ')}`;

/** Checks an object of options; the complaint names the inner option. */
const nested =
  <T>(checks: Checks<T>, required: readonly string[] = []): Check =>
  (value) => {
    if (!isObject(value)) return 'must be an object';
    for (const key of required) {
      if (value[key] === undefined) return `must have "${key}"`;
    }
    const problem = firstProblem(value, checks);
    return problem && `has "${problem.key}", which ${problem.complaint}`;
  };

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
  return maximumInterval !== undefined && maximumInterval < initialInterval
    ? `has "maximumInterval", which must not be shorter than "initialInterval" (${initialInterval} ms)`
    : undefined;
};

/** Accepts a number for the definition, or a key with a number for all definitions that name the key. */
const limitOf = (number: Check): Check => {
  const fields = nested<Exclude<Limit, number>>({ key: line(LONGEST_LIMIT_KEY), limit: number }, [
    'key',
    'limit',
  ]);
  return (value) => {
    if (isObject(value)) return fields(value);
    const complaint = number(value);
    return complaint && `${complaint}, or { key, limit }`;
  };
};

const priority: Check = (value) =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 5
    ? undefined
    : 'must be a whole number from 1 (first) to 5 (last)';

/** Of each cluster. */
const clusterFields = {
  name: line(LONGEST_HOST_NAME),
  interpreter: text,
  path: texts,
};

const localCluster: Check = (value) =>
  value === true
    ? undefined
    : nested<{ workers: number }>({ workers: wholeNumber })(value) && 'must be true or { workers: 4 }';

const amounts: Check = (value) =>
  isObject(value) && Object.values(value).every((amount) => positive(amount) === undefined)
    ? undefined
    : 'must be an object of numbers above 0, such as { GPU: 1 }';

const json: Check = (value) => {
  if (!isObject(value)) return 'must be an object';
  try {
    JSON.stringify(value);
    return undefined;
  } catch {
    return 'must be an object that JSON can say';
  }
};

/** A cluster is either there, or started beside the worker. */
const oneCluster =
  (fields: Check, address: string): Check =>
  (value) =>
    fields(value) ??
    ((value as Record<string, unknown>)['local'] !== undefined &&
    (value as Record<string, unknown>)[address] !== undefined
      ? `has "local" and "${address}": name one of the two`
      : undefined);

const hostFields: { readonly [Kind in BodyHostOptions['kind']]: Check } = {
  threads: nested<ThreadsHost>({
    kind: oneOf('threads'),
    name: line(LONGEST_HOST_NAME),
    maxWorkers: wholeNumber,
    memoryLimit: wholeNumber,
    module: text,
  }),
  program: nested<ProgramHost>(
    {
      kind: oneOf('program'),
      name: line(LONGEST_HOST_NAME),
      command: (value) => texts(value) ?? ((value as []).length === 0 ? 'must name a program' : undefined),
      cwd: text,
      processes: wholeNumber,
      modules: texts,
    },
    ['command'],
  ),
  python: nested<PythonHost>({
    kind: oneOf('python'),
    name: line(LONGEST_HOST_NAME),
    interpreter: text,
    processes: wholeNumber,
    path: texts,
  }),
  dask: oneCluster(
    nested<DaskHost>({
      ...clusterFields,
      kind: oneOf('dask'),
      scheduler: line(),
      local: localCluster,
      resources: amounts,
    }),
    'scheduler',
  ),
  ray: oneCluster(
    nested<RayHost>({
      ...clusterFields,
      kind: oneOf('ray'),
      address: line(),
      local: localCluster,
      numCpus: positive,
      numGpus: positive,
      resources: amounts,
      runtimeEnv: json,
    }),
    'address',
  ),
  celery: nested<CeleryHost>({
    ...clusterFields,
    kind: oneOf('celery'),
    broker: line(),
    state: line(),
    queue: line(),
  }),
};

/** Checks what stands for a body host in the options of a dispatcher. */
export const bodyHost: Check = (value) => {
  const kind = isObject(value) ? (value['kind'] as string) : '';
  return Object.hasOwn(hostFields, kind)
    ? hostFields[kind as BodyHostOptions['kind']](value)
    : 'must be what threads(), python(), program(), dask(), ray() or celery() answers';
};

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
  return isObject(value)
    ? cacheFields(value)
    : 'must be true, false, or an object such as { maxAge: 86_400_000 }';
};

const isBoolean: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false');

const KNOT_OPTIONS: Checks<KnotOptions<ErrorPolicy>> = {
  errorPolicy: oneOf('skipIfParentFailed', 'requireAllParents', 'receiveErrors'),
  retry,
  timeout: milliseconds,
  cancelGrace: millisecondsOrZero,
  dispatcher,
  onCodeChange: oneOf('run', 'wait'),
  cache,
  maxConcurrent: limitOf(wholeNumber),
  ratePerSecond: limitOf(positive),
  priority,
  validate: isBoolean,
  logs: isBoolean,
  summary,
};

/** Tells whether a name is an option of the framework, in the second argument of a placement. */
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
  // `receiveErrors` is no tapestry-wide option, as not all of its knots receive outcomes.
  knots: nested({ ...KNOT_OPTIONS, errorPolicy: oneOf('skipIfParentFailed', 'requireAllParents') }),
  failOn: oneOf('unhandled', 'any', 'never'),
  description: text,
  extensible,
  queue: line(),
  partition: (value) =>
    isPartitionDomain(value)
      ? undefined
      : 'must be what daily, hourly, weekly, monthly, list or product answers',
  dependsOnPrevious: (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
};

interface Problem {
  readonly reason: ErrorReason<'InvalidConfig'>;
  readonly key: string;
  readonly complaint: string;
}

function firstProblem(
  given: Record<string, unknown>,
  checks: Readonly<Record<string, Check>>,
): Problem | undefined {
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(checks, key)) {
      const known = Object.keys(checks);
      const complaint = `is no option${didYouMean(key, known)}; there are ${known.join(', ')}`;
      return { reason: 'UnknownOption', key, complaint };
    }
    if (value === undefined) continue;
    const complaint = checks[key]!(value);
    if (complaint !== undefined)
      return { reason: 'WrongValue', key, complaint: `${complaint}, and is ${shown(value)}` };
  }
  return undefined;
}

/** Shows a wrong value in a message. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `"${value.length > 60 ? `${value.slice(0, 60)}…` : value}"`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** A frozen copy without undefined properties. */
function frozenCopy<T>(value: T): T {
  if (Array.isArray(value)) return Object.freeze([...value]) as T;
  if (!isObject(value) || isPartitionDomain(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) {
    if (part !== undefined) copy[key] = frozenCopy(part);
  }
  return Object.freeze(copy) as T;
}

/**
 * Checks each option and returns a frozen copy.
 *
 * @param owner whose options they are, for the message
 * @throws SelvageError `InvalidConfig`, which names the option
 */
export function readOptions<T>(owner: string, given: unknown, checks: Checks<T>, hint: string): T {
  if (!isObject(given)) {
    throw new SelvageError(
      'InvalidConfig',
      `The options of ${owner} must be an object, and are ${shown(given)}.`,
      {
        details: { owner, reason: 'WrongValue' },
      },
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
  return frozenCopy(given) as T;
}

/** Reads the options of a placement, without `id` and `tapestry`. */
export function readKnotOptions(owner: string, given: unknown): KnotOptions<ErrorPolicy> {
  return readOptions(
    owner,
    given,
    KNOT_OPTIONS,
    'Correct or remove it; inputs belong in the first argument.',
  );
}

/** Reads the options of a definition, without `input`, `output`, `version` and `receives`. */
export function readDefinitionOptions(owner: string, given: unknown): KnotOptions<ErrorPolicy> {
  return readOptions(
    owner,
    given,
    KNOT_OPTIONS,
    'Correct or remove it; beside these, a definition takes input, output, version and receives.',
  );
}

export function readTapestryOptions(owner: string, given: unknown): TapestryOptions {
  const options = readOptions(
    owner,
    given,
    TAPESTRY_OPTIONS,
    'Correct or remove it; `tapestry()` takes parameters as well.',
  );
  if (options.dependsOnPrevious && !options.partition) {
    throw new SelvageError(
      'InvalidConfig',
      `The option "dependsOnPrevious" of ${owner} says nothing without "partition". Give it partitions, such as daily("2024-01-01"), or remove it.`,
      { details: { owner, option: 'dependsOnPrevious', reason: 'Meaningless' } },
    );
  }
  return options;
}

/**
 * The options that apply to a knot: its own, else its definition's, else its tapestry's. Each option is taken as a
 * whole.
 */
export function effectiveOptions(
  tapestry: TapestryOptions,
  definition: KnotOptions<ErrorPolicy>,
  own: KnotOptions<ErrorPolicy>,
): KnotOptions<ErrorPolicy> {
  // Most knots set nothing themselves and share one object.
  if (Object.keys(own).length === 0 && tapestry.knots === undefined) return definition;
  return Object.freeze({ ...tapestry.knots, ...definition, ...own });
}
