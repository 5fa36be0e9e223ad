import type { AnyDomain } from '../partitions';
import type { Duration } from '../values/duration';
import type { KnotContext } from './knot-context';
import type { DataOptions } from './dataset';
import type { BodyHostOptions, Dispatcher } from './dispatchers';
import type { StandardSchema } from './standard-schema';

/**
 * The results of authoring in plain form. Compiler and hosts read these records, never the typed wrappers of users.
 */

/**
 * How often, and after which waits, a body that throws is retried. Lost workers and unreachable backends do not
 * count.
 *
 * @typeParam Time `number` once read
 */
export interface RetryPolicy<Time extends Duration = Duration> {
  /** Attempts that may throw, the first included. Default 1: no retry. */
  readonly maximumAttempts?: number;
  /** Wait before the second attempt. Default 1,000 ms. */
  readonly initialInterval?: Time;
  /** Factor from one wait to the next. Default 2. */
  readonly backoffCoefficient?: number;
  /** Longest wait. Default 100 × `initialInterval`. */
  readonly maximumInterval?: Time;
  /** Errors (`error.name` or code) that are not retried. */
  readonly nonRetryableErrors?: readonly string[];
}

/** A number per definition, or a key with one number for all knots with that key. */
export type Limit = number | { readonly key: string; readonly limit: number };

/** Reaction of a knot to parents that are not Ok. If all parents are Ok, the knot runs. */
export type ErrorPolicy = 'skipIfParentFailed' | 'receiveErrors' | 'requireAllParents';

/** The error policies of a definition whose body takes values. */
export type ValuePolicy = Exclude<ErrorPolicy, 'receiveErrors'>;

/** See {@link KnotOptions.cache}. */
export interface CacheOptions<Time extends Duration = Duration> {
  /** Maximum age of the value, from when it was first made. Default: for ever. */
  readonly maxAge?: Time;
  /**
   * `source`: a value is reused while the body's source text, and the version if any, is the same. Imports and
   * captured variables of the body are not compared between processes; two functions of one process are never
   * confused. A function in place reuses values of its own knot only. Without `codeHash`, the version alone decides,
   * and is required.
   */
  readonly codeHash?: 'source';
}

/** Framework options of a knot. The default of each option is the tapestry's, else as stated here. */
export interface KnotOptions<
  Policy extends ErrorPolicy = ValuePolicy,
  Time extends Duration = Duration,
> extends DataOptions {
  /**
   * Reaction to a parent that is Err or Skipped. `skipIfParentFailed` skips the knot. `requireAllParents` makes the
   * knot Err (`RequireAllParents`). `receiveErrors` runs the knot with its parents' outcomes. The default is
   * `receiveErrors` for definitions that receive outcomes, which alone may have it, else `skipIfParentFailed`.
   */
  readonly errorPolicy?: Policy;
  readonly retry?: RetryPolicy<Time>;
  /**
   * Longest attempt of the body, after which its signal is aborted and the attempt counts as a throw. Default: no
   * limit.
   */
  readonly timeout?: Time;
  /** How long a body may continue after a cancel. Default 10,000 ms. */
  readonly cancelGrace?: Time;
  readonly dispatcher?: Dispatcher;
  /**
   * If the worker's body has another source than at the run's start: `run` (default) runs the new source and records
   * its hash; `wait` waits for a worker with the old source.
   */
  readonly onCodeChange?: 'run' | 'wait';
  /**
   * Reuses the value of an earlier knot instead of running the body. The earlier knot has the same definition, version
   * and inputs, in any run and tapestry; for a function in place it is the same knot. Failed and skipped knots are
   * never reused. Requires a `version`, or `{ codeHash: 'source' }`. Other data that the body reads (the clock,
   * `ctx.resources`, other systems) does not count: only `maxAge` makes such a value stale. Default false.
   */
  readonly cache?: boolean | CacheOptions<Time>;
  /**
   * Limit of bodies at once, over all knots of the definition (or with this key) in all runs, workers and tapestries
   * that share the backends. Knots over the limit wait without a worker slot; retries pass it one by one. Default:
   * no limit.
   */
  readonly maxConcurrent?: Limit;
  /**
   * Limit of starts of bodies per second, over the same knots as `maxConcurrent`. Starts are evenly spaced; unused ones
   * are not saved. May be a fraction. Default: no limit.
   */
  readonly ratePerSecond?: Limit;
  /**
   * Order in a task queue or before a limit, from 1 (first) to 5 (last). Default 3. The order has no effect in segments
   * of `local()` knots.
   */
  readonly priority?: 1 | 2 | 3 | 4 | 5;
  /**
   * Whether the definition's schemas are applied to inputs and results (for a map: of its elements). `false`:
   * nothing is refused, filled in or transformed. Input names, parameters and payloads of signals are always
   * checked. Default true.
   */
  readonly validate?: boolean;
  /**
   * Whether the last 64 KiB that the counting attempt writes to `ctx.logger` are kept in the data store, linked
   * from its record. Default true; without log lines nothing is kept.
   */
  readonly logs?: boolean;
  /** One line, shown beside the knot in listings and in Temporal's UI. */
  readonly summary?: string;
}

/** Options once read: durations are milliseconds. */
export type ReadKnotOptions = KnotOptions<ErrorPolicy, number>;

export type KnotBody = (inputs: any, context: KnotContext) => unknown;

/**
 * Kinds of nodes. `gate`, `branch` and `firstOk` pass on a parent's value by reference: all or nothing, to one
 * path, or the first that is Ok. `subTapestry` and `loop` run another tapestry, once or repeatedly. `map` runs a
 * body per element. The other kinds of nodes wait for a signal or a time.
 */
export type NodeKind =
  'gate' | 'branch' | 'firstOk' | 'subTapestry' | 'loop' | 'map' | 'waitForSignal' | 'sleep' | 'waitUntil';

/** Failed elements of a `map`: it fails when all have ended, omits them, or has an outcome per element. */
export type OnElementError = 'fail' | 'skip' | 'collect';

/** The map's inputs are `over` (or `over.<name>` for several lists) and `shared.<name>`. */
export interface MapRecord {
  /** The body of each element. */
  readonly each: DefinitionRecord;
  /** The input of `each` that gets the element; absent for several lists, whose names are used. */
  readonly bind?: string;
  /** Absent: 100. */
  readonly concurrency?: number;
  /** Absent: 1. */
  readonly batch?: number;
  /** Absent: `fail`. */
  readonly onError?: Exclude<OnElementError, 'fail'>;
}

/** A duration or time that is absent here is a knot's value. */
export interface WaitRecord {
  readonly signal?: string;
  /** Schema of the payload. */
  readonly schema?: StandardSchema;
  /** Milliseconds to wait for the signal. Absent: for ever. */
  readonly timeout?: number;
  /** Milliseconds to wait. */
  readonly ms?: number;
  /** The time in milliseconds since the epoch. */
  readonly until?: number;
}

export interface DefinitionRecord {
  readonly name: string;
  /** Version of the body, which its author changes when the body computes something else. Absent: unversioned. */
  readonly version?: string;
  readonly input?: StandardSchema;
  readonly output?: StandardSchema;
  /** A function in place. Such a function is found by its knot, as its name may not be unique. */
  readonly inline?: true;
  /** Whether the run can do without the definition's knots: see `optional()`. */
  readonly optional?: true;
  /** How to interpret the body's result; absent if the result is the knot's value. */
  readonly node?: NodeKind;
  readonly map?: MapRecord;
  readonly wait?: WaitRecord;
  readonly receives: 'values' | 'outcomes';
  readonly body: KnotBody;
  /** The body is in another language: only this host, or another that has it, can call it. */
  readonly host?: BodyHostOptions;
  /** The author's function or class. The source alone is not enough: equal functions may capture different values. */
  readonly code: object;
  /** Source text for the code hash, or that hash; absent if only the body's host knows the source. */
  readonly source?: string;
  readonly options: ReadKnotOptions;
}

export type InputRecord =
  | { readonly kind: 'parent'; readonly knot: KnotRecord }
  | { readonly kind: 'constant'; readonly value: unknown };

/** A knot as placed in a tapestry. */
export interface KnotRecord {
  readonly id: string;
  readonly tapestry: TapestryRecord;
  /** The definition; absent for a parameter. */
  readonly definition?: DefinitionRecord;
  /** The inputs, in the order given. */
  readonly inputs: ReadonlyMap<string, InputRecord>;
  /** Set for a path of a branch: its tag. The inputs of a path are `branch` and `input`. */
  readonly path?: string;
  /** Set for a node that runs another tapestry, whose parameters are the inputs. */
  readonly nested?: TapestryRecord;
  /** The effective options. */
  readonly options: ReadKnotOptions;
}

export interface ParameterRecord {
  readonly name: string;
  /** The knot of a parameter has the id `param:<name>`. */
  readonly knot: KnotRecord;
  readonly schema: StandardSchema;
  readonly hasDefault: boolean;
  /** The default as the schema's output, which is not validated again. */
  readonly default?: unknown;
}

export type FailOn = 'unhandled' | 'any' | 'never';

export interface TapestryOptions<Time extends Duration = Duration> {
  /** Inherited by knots. */
  readonly knots?: Omit<KnotOptions<ValuePolicy, Time>, keyof DataOptions>;
  /**
   * Failures that make the workflow fail in Temporal and `run.values()` throw. `unhandled` (default): failures that
   * no knot receives. `any`: all. `never`: none. Failures of optional knots never count. The run's status is
   * `failed` in any case if a knot that is not optional has failed.
   */
  readonly failOn?: FailOn;
  readonly description?: string;
  /**
   * Whether knots may be added to a run, by its bodies (`ctx.extend`) and from outside (`run.extend`). Extensions
   * name definitions of the worker: those placed in its tapestries, and the `definitions` here. `local()` knots
   * then run as activities of their own. Default false.
   */
  readonly extensible?: boolean | { readonly definitions: readonly object[] };
  /**
   * Default task queue of the tapestry's runs and workers. Tapestries of one queue share a Temporal worker per
   * process; each further queue needs about 45 MB. Runs of `selvage run` have a queue of their own. Default:
   * `selvage/<name>`.
   */
  readonly taskQueue?: string;
  /**
   * The tapestry's partitions: `daily(…)`, `hourly(…)`, `weekly(…)`, `monthly(…)`, `list(…)` or `product(…)`. Each run
   * is for one partition: started with the partition's key, it gets the partition as the parameter `partition`.
   */
  readonly partition?: AnyDomain;
  /** Whether backfills and schedules start a partition only after the previous one has succeeded. Default false. */
  readonly dependsOnPrevious?: boolean;
  /**
   * Emitters for the tapestry's runs and their child runs, made by `emitter(…)`, `logEmitter(…)` and similar functions.
   * Workers deliver; `runLocally` does not. If omitted, only the emitters of the file and the project.
   */
  readonly emitters?: readonly (TapestryEmitter | readonly TapestryEmitter[])[];
}

/** The part of an emitter's declaration that a tapestry needs. */
export interface TapestryEmitter {
  readonly kind: string;
  readonly name: string;
}

export interface TapestryRecord {
  readonly name: string;
  readonly options: TapestryOptions<number>;
  readonly parameters: Map<string, ParameterRecord>;
  /** The knots in the order placed, parameters included. */
  readonly knots: Map<string, KnotRecord>;
  /** Terminals by name; if undefined, the knots without consumers are the terminals, named by id. */
  terminals: Map<string, KnotRecord> | undefined;
  /** Whether nothing can be added to the tapestry any more. Default false. */
  closed?: boolean;
  /** Further definitions that extensions of the tapestry's runs may name. Default: none. */
  readonly definitions?: readonly DefinitionRecord[];
}
