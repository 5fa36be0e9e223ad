import type { AnyDomain } from '../partitions';
import type { Duration } from '../values/duration';
import type { KnotContext } from './knot-context';
import type { DataOptions } from './dataset';
import type { BodyHostOptions, Dispatcher } from './dispatchers';
import type { StandardSchema } from './standard-schema';

/**
 * The results of the authoring functions in plain form: the compiler and the hosts read these records, never
 * the typed wrappers that users hold.
 */

/**
 * How often, and after which waits, a body that throws is retried. Lost workers and unreachable backends do
 * not count.
 *
 * @typeParam Time `number` once it has been read
 */
export interface RetryPolicy<Time extends Duration = Duration> {
  /** Attempts that may throw, including the first. Default 1: no retry. */
  readonly maximumAttempts?: number;
  /** How long to wait before the second attempt. Default 1,000 ms. */
  readonly initialInterval?: Time;
  /** Factor from one wait to the next. Default 2. */
  readonly backoffCoefficient?: number;
  /** Longest wait. Default 100 × `initialInterval`. */
  readonly maximumInterval?: Time;
  /** Names (`error.name` or code) of errors that are not retried. */
  readonly nonRetryableErrors?: readonly string[];
}

/** A number for each knot's definition, or a key with one number for all knots that name the key. */
export type Limit = number | { readonly key: string; readonly limit: number };

/** How a knot reacts when not all of its parents are Ok. If all are, it runs. */
export type ErrorPolicy = 'skipIfParentFailed' | 'receiveErrors' | 'requireAllParents';

/** The error policies of a definition whose body takes values. */
export type ValuePolicy = Exclude<ErrorPolicy, 'receiveErrors'>;

/** How values of a knot are reused: see {@link KnotOptions.cache}. */
export interface CacheOptions<Time extends Duration = Duration> {
  /** How long a value may be reused, from when it was first made. Default: for ever. */
  readonly maxAge?: Time;
  /**
   * `source`: a value is reused as long as the body's source text (and the version, if any) is the same. A
   * function in place reuses values of its own knot only. Two functions of one process are never confused.
   * Neither the imports of the body nor its captured variables in another process are compared. Default: the
   * version alone decides, and is required.
   */
  readonly codeHash?: 'source';
}

/**
 * Framework options of a knot, beside its `id`. Omitted ones are inherited from the tapestry, then from the
 * default.
 */
export interface KnotOptions<
  Policy extends ErrorPolicy = ValuePolicy,
  Time extends Duration = Duration,
> extends DataOptions {
  /**
   * How to react when a parent is Err or Skipped. `skipIfParentFailed` skips the knot. `requireAllParents`
   * makes it Err (`RequireAllParents`). `receiveErrors` runs it with its parents' outcomes, and requires a
   * definition that receives outcomes. Default: `receiveErrors` for such definitions, else
   * `skipIfParentFailed`.
   */
  readonly errorPolicy?: Policy;
  readonly retry?: RetryPolicy<Time>;
  /**
   * How long one attempt of the body may take. Then its signal is aborted and the attempt counts as a throw.
   * Default: none.
   */
  readonly timeout?: Time;
  /** How long a body may continue after a cancel has aborted its signal. Default 10,000 ms. */
  readonly cancelGrace?: Time;
  readonly dispatcher?: Dispatcher;
  /**
   * How to react if the worker's body has another source than the one that the run was started with. `run`
   * (default): run it, and record the hash of the body that ran. `wait`: wait for a worker that has the old
   * source.
   */
  readonly onCodeChange?: 'run' | 'wait';
  /**
   * Reuses the value of an earlier knot of the same definition and version with equal inputs, from any run,
   * tapestry and knot (for a function in place: from the same knot in any run), instead of running the body.
   * Failures and skips are never reused. Requires a definition with a `version`, or `{ codeHash: 'source' }`.
   * Whatever else the body reads (the clock, `ctx.resources`, other systems) does not count: only `maxAge`
   * makes such a value stale. Default false.
   */
  readonly cache?: boolean | CacheOptions<Time>;
  /**
   * Most bodies that run at once, over all knots of the definition (or all whose limits name this key), in
   * all runs, workers and tapestries that share the backends. A knot beyond it waits without holding a worker
   * slot; retries pass the limit one by one. Default: no limit.
   */
  readonly maxConcurrent?: Limit;
  /**
   * Most bodies that begin per second, over the same knots as `maxConcurrent`. Starts are evenly spaced, and
   * unused ones are not saved up. May be a fraction. Default: no limit.
   */
  readonly ratePerSecond?: Limit;
  /**
   * From 1 (first) to 5 (last): the order among what waits in a task queue or for a limit. Default 3. No
   * effect in segments of `local()` knots.
   */
  readonly priority?: 1 | 2 | 3 | 4 | 5;
  /**
   * Whether the definition's schemas are applied to inputs and results; for a map, those of its elements.
   * `false`: the body gets its inputs unchanged and its result is the value, so nothing is refused, filled in
   * or transformed. Input names, parameters and payloads of signals are checked in any case. Default true.
   */
  readonly validate?: boolean;
  /**
   * Whether the tail of what the body writes by `ctx.logger` (the last 64 KiB of the attempt that counts) is
   * kept in the data store, linked from its record. Default true; nothing is kept if nothing was written.
   */
  readonly logs?: boolean;
  /** One line for people, shown beside the knot in listings and in Temporal's UI. */
  readonly summary?: string;
}

/** Options of a knot as they have been read: durations are milliseconds. */
export type ReadKnotOptions = KnotOptions<ErrorPolicy, number>;

export type KnotBody = (inputs: any, context: KnotContext) => unknown;

/**
 * Kinds of nodes. `gate`, `branch` and `firstOk` pass on the value of a parent by reference: all or nothing,
 * to one path, or the first that is Ok. `subTapestry` and `loop` run another tapestry, once or repeatedly.
 * `map` runs a body for each element of a list. The waits wait for a signal or a time.
 */
export type NodeKind =
  'gate' | 'branch' | 'firstOk' | 'subTapestry' | 'loop' | 'map' | 'waitForSignal' | 'sleep' | 'waitUntil';

/**
 * How a `map` treats failed elements: it fails when all have ended, leaves them out, or has an outcome for
 * each element.
 */
export type OnElementError = 'fail' | 'skip' | 'collect';

/** Settings of a map. Its inputs are `over` (or `over.<name>` for several lists) and `shared.<name>`. */
export interface MapRecord {
  /** The body that runs for each element. */
  readonly each: DefinitionRecord;
  /** The input of `each` that gets the element. Absent for several lists: then the inputs' names are used. */
  readonly bind?: string;
  /** Absent: 100. */
  readonly concurrency?: number;
  /** Absent: 1. */
  readonly batch?: number;
  /** Absent: `fail`. */
  readonly onError?: Exclude<OnElementError, 'fail'>;
}

/** Settings of a wait. A duration or time that is missing here is the value of a knot. */
export interface WaitRecord {
  readonly signal?: string;
  /** Schema of the payload. */
  readonly schema?: StandardSchema;
  /** Milliseconds after which the wait for the signal fails. Absent: never. */
  readonly timeout?: number;
  /** Milliseconds to wait from the beginning. */
  readonly ms?: number;
  /** Point in time to wait for, in milliseconds since the epoch. */
  readonly until?: number;
}

export interface DefinitionRecord {
  readonly name: string;
  /** Changed by the author to say "this body computes something else now". Absent: unversioned. */
  readonly version?: string;
  readonly input?: StandardSchema;
  readonly output?: StandardSchema;
  /**
   * The function is written in place. It is found by its knot, as other knots may have functions of the same
   * name.
   */
  readonly inline?: true;
  /** The run can do without its knots: see `optional()`. */
  readonly optional?: true;
  /** How to interpret the body's result if it is not the knot's value. Absent: it is the value. */
  readonly node?: NodeKind;
  readonly map?: MapRecord;
  readonly wait?: WaitRecord;
  readonly receives: 'values' | 'outcomes';
  readonly body: KnotBody;
  /** The body is in another language: only this host, or another that has it, can call it. */
  readonly host?: BodyHostOptions;
  /**
   * The function or class that the author wrote. Functions of equal source may capture different values, so
   * the source alone does not identify a body.
   */
  readonly code: object;
  /** The source text that the code hash is computed from, or that hash. Absent where only the host of the body knows it. */
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
  /** Absent: a parameter. */
  readonly definition?: DefinitionRecord;
  /** Input name to input, in the order given. */
  readonly inputs: ReadonlyMap<string, InputRecord>;
  /** Set for a path of a branch: the tag that selects it. Its inputs are `branch` and `input`. */
  readonly path?: string;
  /** Set for a node that runs another tapestry. The knot's inputs are that tapestry's parameters. */
  readonly nested?: TapestryRecord;
  /** The options that apply to this knot: its own, else its definition's, else its tapestry's. */
  readonly options: ReadKnotOptions;
}

export interface ParameterRecord {
  readonly name: string;
  /** The knot that stands for the parameter, `param:<name>`. */
  readonly knot: KnotRecord;
  readonly schema: StandardSchema;
  readonly hasDefault: boolean;
  /** Output of the schema when the default was declared. Used as is, not validated again. */
  readonly default?: unknown;
}

export type FailOn = 'unhandled' | 'any' | 'never';

export interface TapestryOptions<Time extends Duration = Duration> {
  /** Options that knots inherit. */
  readonly knots?: Omit<KnotOptions<ValuePolicy, Time>, keyof DataOptions>;
  /**
   * Which failures make the workflow fail in Temporal and `run.values()` throw. `unhandled` (default):
   * failures that belong to no optional knot and that no knot receives. `any`: all but those of optional
   * knots. `never`: none. In every case the run's status is `failed` if any knot but an optional one has
   * failed.
   */
  readonly failOn?: FailOn;
  readonly description?: string;
  /**
   * Whether knots may be added to a run while it works: by its bodies (`ctx.extend`) and from outside
   * (`run.extend`). Extensions name definitions that the worker has registered: those that its tapestries
   * place, and the `definitions` listed here. `local()` knots then run as activities of their own, not in
   * segments. Default false.
   */
  readonly extensible?: boolean | { readonly definitions: readonly object[] };
  /**
   * Task queue of the tapestry's runs, and of its workers, unless they name another. Tapestries of one queue
   * share one Temporal worker per process; each further queue needs one more (about 45 MB). Runs of
   * `selvage run` have a queue of their own. Default: `selvage/<name>`.
   */
  readonly taskQueue?: string;
  /**
   * The partitions of what the tapestry makes: `daily(…)`, `hourly(…)`, `weekly(…)`, `monthly(…)`, `list(…)`
   * or a `product(…)`. Each run is for one of them: it is started with the key, and gets the partition as the
   * parameter `partition`.
   */
  readonly partition?: AnyDomain;
  /**
   * Whether backfills and schedules start a partition only after the previous one has succeeded. Default
   * false.
   */
  readonly dependsOnPrevious?: boolean;
  /**
   * Who hears of its runs, and of the runs that its knots start: what `emitter(…)`, `logEmitter(…)` and their like make. Workers
   * deliver; `runLocally` does not, as it is for tests. Default: nobody but the emitters of the file and the project.
   */
  readonly emitters?: readonly (TapestryEmitter | readonly TapestryEmitter[])[];
}

/** An emitter's declaration, as far as a tapestry knows it. */
export interface TapestryEmitter {
  readonly kind: string;
  readonly name: string;
}

export interface TapestryRecord {
  readonly name: string;
  readonly options: TapestryOptions<number>;
  readonly parameters: Map<string, ParameterRecord>;
  /** In the order placed, parameters included. */
  readonly knots: Map<string, KnotRecord>;
  /**
   * Terminal name to knot. Undefined until given; then the knots without consumers are the terminals, named
   * by id.
   */
  terminals: Map<string, KnotRecord> | undefined;
  /** True once nothing can be added any more. Default false. */
  closed?: boolean;
  /** Definitions that extensions of its runs may name, beside those placed in it. Default: none. */
  readonly definitions?: readonly DefinitionRecord[];
}
