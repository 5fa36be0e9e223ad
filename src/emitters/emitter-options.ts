import {
  duration,
  firstProblem,
  isObject,
  nested,
  oneOf,
  shown,
  texts,
  unchecked,
  whole,
  type Check,
  type Checks,
} from '../authoring/checks';
import { checkName } from '../authoring/names';
import { OUTCOME_KINDS, RUN_STATUSES } from '../authoring/outcome';
import { refusalOf, type Refusal } from '../authoring/refusal';
import { SelvageError } from '../errors';
import { durationMs } from '../values/duration';
import type { EmitterDeclaration, EmitterKind, EmitterOptions, EventFilter } from './declaration';
import { EVENT_TYPES } from './event';

const BATCH_SIZE = 500;
const LARGEST_BATCH = 10_000;
const TIMEOUT_MS = 60_000;
const LONGEST_TIMEOUT_MS = 3_600_000;

/** A non-empty list of some of these words. */
const someOf =
  (...words: readonly string[]): Check =>
  (value) =>
    Array.isArray(value) && value.length > 0 && value.every((item) => words.includes(item as string))
      ? undefined
      : `must be a list of ${words.map((word) => `"${word}"`).join(', ')}`;

const EMITTER_OPTIONS: Checks<EmitterOptions> = {
  name: unchecked,
  filter: nested<EventFilter>({
    tapestries: texts,
    types: someOf(...EVENT_TYPES),
    outcomes: someOf(...OUTCOME_KINDS),
    statuses: someOf(...RUN_STATUSES),
  }),
  from: oneOf('now', 'beginning'),
  batchSize: whole(1, LARGEST_BATCH),
  timeout: duration(1, LONGEST_TIMEOUT_MS),
  disableAfter: duration(1),
};

type OptionalKey<T> = { [K in keyof T]-?: object extends Pick<T, K> ? K : never }[keyof T];

/** Options that may be omitted and that settings always have. */
type Defaults<Own, Settings> = Omit<Pick<Settings, keyof Settings & OptionalKey<Own>>, OptionalKey<Settings>>;

export interface EmitterParts<Settings> {
  /** For the declaration. */
  readonly common: Omit<EmitterDeclaration, 'kind' | 'options'>;
  /** Options of the emitter's kind. */
  readonly own: Settings;
  /** Refuses options whose check needs more than one value. */
  readonly refuse: Refusal;
}

/** Common options and the kind's, with defaults. @throws SelvageError `InvalidName`, `InvalidConfig` */
export function readEmitterOptions<Own extends object, Settings = Omit<Own, keyof EmitterOptions>>(
  kind: EmitterKind,
  given: (EmitterOptions & Own) | undefined,
  checks: Checks<Omit<Own, keyof EmitterOptions>>,
  defaults: Defaults<Omit<Own, keyof EmitterOptions>, Settings>,
): EmitterParts<Settings> {
  const options: unknown = given ?? {};
  if (!isObject(options))
    throw new SelvageError(
      'InvalidConfig',
      `The options of an emitter (${kind}) must be an object, and are ${shown(options)}.`,
      { details: { owner: kind, reason: 'WrongValue' } },
    );
  const {
    name = kind,
    filter,
    from,
    batchSize,
    timeout,
    disableAfter,
    ...others
  } = options as EmitterOptions & Own;
  checkName('emitter', name);
  const refuse = refusalOf(`the emitter "${name}"`);
  const problem = firstProblem(options, { ...EMITTER_OPTIONS, ...checks });
  if (problem) throw refuse(problem.key, problem.complaint, problem.reason);
  return {
    common: {
      name,
      filter: filterOf(filter),
      from: from ?? 'now',
      batchSize: batchSize ?? BATCH_SIZE,
      timeout: durationMs(timeout ?? TIMEOUT_MS)!,
      ...(disableAfter !== undefined && { disableAfter: durationMs(disableAfter)! }),
    },
    own: { ...defaults, ...present(others) } as Settings,
    refuse,
  };
}

function filterOf(filter: EventFilter = {}): EventFilter {
  const given = Object.entries(present(filter)) as [string, readonly string[]][];
  return Object.freeze(Object.fromEntries(given.map(([key, words]) => [key, Object.freeze([...words])])));
}

function present(options: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
