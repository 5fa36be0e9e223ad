import {
  duration,
  firstProblem,
  isObject,
  nested,
  oneOf,
  shown,
  texts,
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

/** Accepts a list, not empty, of some of these words. */
const someOf =
  (...words: readonly string[]): Check =>
  (value) =>
    Array.isArray(value) && value.length > 0 && value.every((item) => words.includes(item as string))
      ? undefined
      : `must be a list of ${words.map((word) => `"${word}"`).join(', ')}`;

const EMITTER_OPTIONS: Checks<EmitterOptions> = {
  name: () => undefined,
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

/** What was read of an emitter's options. */
export interface EmitterParts<Own> {
  /** Goes into the declaration as it is. */
  readonly common: Omit<EmitterDeclaration, 'kind' | 'options'>;
  /** The kind's own options, as given. */
  readonly own: Own;
  /** Makes the error for an own option that a check of one value cannot judge. */
  readonly refuse: Refusal;
}

/**
 * Reads the options of an emitter: those that all take, with their defaults, and those of its kind.
 *
 * @param own checks of the kind's own options
 * @throws SelvageError `InvalidName`, `InvalidConfig`
 */
export function readEmitterOptions<Own extends object>(
  kind: EmitterKind,
  given: (EmitterOptions & Own) | undefined,
  own: Checks<Omit<Own, keyof EmitterOptions>>,
): EmitterParts<Own> {
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
  const problem = firstProblem(options, { ...EMITTER_OPTIONS, ...own });
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
    own: others as Own,
    refuse,
  };
}

function filterOf(filter: EventFilter = {}): EventFilter {
  const given = Object.entries(filter).filter(([, words]) => words !== undefined);
  return Object.freeze(
    Object.fromEntries(given.map(([key, words]) => [key, Object.freeze([...(words as string[])])])),
  );
}
