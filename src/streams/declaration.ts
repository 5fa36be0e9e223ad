import { SelvageError } from '../errors';
import { isTapestry, recordOf, type Tapestry } from '../authoring';
import { duration, isFunction, oneOf, shown, whole, type Checks } from '../authoring/checks';
import { isText } from '../triggers/option-checks';
import { durationMs, type Duration } from '../values/duration';
import { declared, isDeclared } from '../authoring/marks';
import { didYouMean, checkName } from '../authoring/names';
import { readOptions } from '../authoring/options';
import { LARGEST_BATCH, requireBatchable } from './batch';
import { IterableSource, isIterable } from './iterable-source';
import {
  isSource,
  type AnySource,
  type CustomSource,
  type DeadLetterReason,
  type StreamElement,
  type StreamingSource,
} from './source';

const STREAM = Symbol.for('selvage.stream');

/**
 * `none`: results are delivered as they come. `all`: `onResult` gets the results in the order of the source (of each
 * partition), one at a time, while the runs are concurrent. `key`: an element's run begins when `onResult` of the key's
 * previous element has returned; different keys are concurrent.
 */
export type StreamOrder = 'none' | 'all' | 'key';

/** The result of a successful run. */
export interface StreamResult<Values extends object = Record<string, unknown>> {
  readonly runId: string;
  /** Values by the tapestry's terminals. */
  readonly values: Values;
}

/** A failed element. */
export interface StreamDeadLetter {
  /** Absent: the element could not be parameters of a run. */
  readonly runId?: string;
  readonly error: DeadLetterReason;
}

export interface ResultContext {
  /** The run's id, the same at each delivery of the result: a key for effects that must happen once. */
  readonly runId: string;
  /** The signal is aborted when the process ends. */
  readonly signal: AbortSignal;
}

export interface StreamOptions<Value = unknown, Values extends object = Record<string, unknown>> {
  /** Unique id in the namespace. The id names the stream's progress: another id reads from the beginning. */
  readonly id: string;
  /** The parameter for the element's value. Default: the value is the object of all parameters. */
  readonly parameter?: string;
  /** The key of an element, for `order: 'key'`. Default: the source's key, such as the key of a message. */
  readonly key?: (value: Value, element: StreamElement<Value>) => string;
  /** At most this many concurrent runs. Default 64. */
  readonly concurrency?: number;
  /** Default: `key` if the option `key` is given, else `none`. */
  readonly order?: StreamOrder;
  /** At most this many elements that share one run, which is many times cheaper. Default 1: no sharing. */
  readonly batch?: number;
  /** At most this many elements that are gathered into a list, the parameter of one run. Default: none. */
  readonly gather?: number;
  /** With `batch` or `gather`: how long an element waits for others, at most an hour. Default 100 ms. */
  readonly linger?: Duration;
  /** Called with each result, at least once: again after a crash, and after a throw, until it succeeds. */
  readonly onResult?: (
    result: StreamResult<Values>,
    element: StreamElement<Value>,
    context: ResultContext,
  ) => unknown;
  /** Called like `onResult`, with each failed element. Default: `selvage streams list` shows the element. */
  readonly onDeadLetter?: (
    letter: StreamDeadLetter,
    element: StreamElement<Value>,
    context: Pick<ResultContext, 'signal'>,
  ) => unknown;
  /** Whether the stream goes on after a failed element, or stops before it. Default `continue`. */
  readonly onFailure?: 'continue' | 'stop';
}

/** A declared stream. It opens nothing; `selvage stream` and `runStream` make it work. */
export interface StreamDeclaration {
  readonly id: string;
  readonly source: StreamingSource | CustomSource<unknown>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- of whatever parameters and values
  readonly tapestry: Tapestry<any, any>;
  readonly options: StreamSettings;
}

/** Checked options, with defaults. */
export interface StreamSettings extends Omit<StreamOptions, 'id'> {
  readonly concurrency: number;
  readonly order: StreamOrder;
  readonly batch: number;
  readonly gather: number;
  readonly linger: number;
  readonly onFailure: 'continue' | 'stop';
}

const CONCURRENCY = 64;
const LINGER_MS = 100;
const MOST_AT_ONCE = 10_000;
const LARGEST_LIST = 100_000;

export const STREAM_CHECKS: Checks<StreamOptions> = {
  id: isText,
  parameter: isText,
  key: isFunction,
  concurrency: whole(1, MOST_AT_ONCE),
  order: oneOf('none', 'all', 'key'),
  batch: whole(1, LARGEST_BATCH),
  gather: whole(1, LARGEST_LIST),
  linger: duration(0, 3_600_000),
  onResult: isFunction,
  onDeadLetter: isFunction,
  onFailure: oneOf('continue', 'stop'),
};

/**
 * Declares a stream: a run for each element of a source. @throws SelvageError `InvalidName`, `InvalidConfig`
 */
export function stream<Value, Parameters extends object, Values extends object>(
  source: AnySource<Value>,
  tapestry: Tapestry<Parameters, Values>,
  options: StreamOptions<Value, Values>,
): StreamDeclaration {
  const id: unknown = (options as { id?: unknown } | undefined)?.id;
  const owner = typeof id === 'string' ? `stream "${id}"` : 'a stream';
  const given = readOptions<StreamOptions>(owner, options, STREAM_CHECKS);
  checkName('stream', id);
  const refuse = (option: string, complaint: string): SelvageError =>
    new SelvageError('InvalidConfig', `The option "${option}" of ${owner} cannot be used: ${complaint}`, {
      details: { owner, option, reason: 'Conflict' },
    });
  if (!isTapestry(tapestry)) {
    throw new SelvageError(
      'InvalidConfig',
      `The second argument of ${owner} is not a tapestry, but ${shown(tapestry)}. Give what tapestry() answered: stream(source, tapestry, { id, … }).`,
      { details: { owner, reason: 'WrongValue' } },
    );
  }
  const record = recordOf(tapestry);
  const { parameter, key, batch = 1, gather = 0, order = key ? 'key' : 'none' } = given;
  if (parameter !== undefined && !record.parameters.has(parameter)) {
    throw refuse(
      'parameter',
      `the tapestry "${record.name}" has no parameter "${parameter}"${didYouMean(parameter, record.parameters.keys())}.`,
    );
  }
  if (batch > 1 && gather > 0)
    throw refuse('gather', 'with "batch", elements share a run; with "gather", a list is one element.');
  if (gather > 0 && parameter === undefined)
    throw refuse('gather', 'it needs "parameter", the name of the parameter that gets the list.');
  if (gather > 0 && order === 'key')
    throw refuse('order', 'a list of elements has no key. Use "all", or leave out "gather".');
  if (key && order !== 'key')
    throw refuse('key', `a key has no meaning with order "${order}". Leave one of them out.`);
  if (batch > 1) requireBatchable(record, owner);
  const declaration: StreamDeclaration = {
    id,
    source: sourceOf(source, owner),
    tapestry,
    options: Object.freeze({
      ...given,
      order,
      batch,
      gather,
      concurrency: given.concurrency ?? CONCURRENCY,
      linger: durationMs(given.linger ?? LINGER_MS)!,
      onFailure: given.onFailure ?? 'continue',
    }),
  };
  return declared(declaration, STREAM);
}

export function isStream(value: unknown): value is StreamDeclaration {
  return isDeclared(value, STREAM);
}

/** The trigger's name, as in run records and the start ledger. */
export function streamName(id: string): string {
  return `stream:${id}`;
}

/** @internal */
export function sourceOf(given: AnySource, owner: string): StreamDeclaration['source'] {
  if (isSource(given) || typeof given === 'function') return given;
  if (isIterable(given)) return new IterableSource(given);
  throw new SelvageError(
    'InvalidConfig',
    `The source of ${owner} is ${shown(given)}. Give a source such as new FileTailSource({ path }), an iterable, or a function (after, { signal }) that returns the elements after an offset.`,
    { details: { owner, option: 'source', reason: 'WrongValue' } },
  );
}
