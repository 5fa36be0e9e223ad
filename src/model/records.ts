import type { KnotContext } from './knot-context';
import type { StandardSchema } from './standard-schema';

/**
 * What the authoring functions build, in plain form: the compiler and the hosts read these records and never the typed
 * wrappers that users hold.
 */

/** How often, and after which waits, a body that throws is tried again. Lost workers and unreachable backends do not count. */
export interface RetryPolicy {
  /** Attempts that may throw, the first included. Default 1: no retry. */
  readonly maximumAttempts?: number;
  /** Milliseconds before the second attempt. Default 1,000. */
  readonly initialInterval?: number;
  /** Default 2. */
  readonly backoffCoefficient?: number;
  /** Milliseconds. Default 100 × `initialInterval`. */
  readonly maximumInterval?: number;
  /** Names (`error.name` or code) of errors that no retry helps. */
  readonly nonRetryableErrors?: readonly string[];
}

/** Where a body runs. `queue`: an activity on the named task queue, by default the run's own. */
export interface QueueDispatcher {
  readonly kind: 'queue';
  readonly taskQueue?: string;
}

/** Together with other `local` knots, in segments: activities that run many knots, each committed as it ends. */
export interface LocalDispatcher {
  readonly kind: 'local';
}
export type Dispatcher = QueueDispatcher | LocalDispatcher;

/** So many of each knot's definition, or of all knots whose limits name one key. */
export type Limit = number | { readonly key: string; readonly limit: number };

/** What becomes of a knot when not all of its parents are Ok; where all are, it runs. */
export type ErrorPolicy = 'skipIfParentFailed' | 'receiveErrors' | 'requireAllParents';

/** Those of a definition whose body takes values. */
export type ValuePolicy = Exclude<ErrorPolicy, 'receiveErrors'>;

/** How the values of a knot are reused: see {@link KnotOptions.cache}. */
export interface CacheOptions {
  /** Milliseconds for which a value is reused, counted from when it was first made. Default: for ever. */
  readonly maxAge?: number;
  /**
   * `source`: a value is reused as long as the source text of the body is the same, beside the version if there is one. Of what the body
   * captures and imports it knows nothing. Default: the version alone tells, and there must be one.
   */
  readonly codeHash?: 'source';
}

/** Framework options of a knot, beside its `id`. What is absent is inherited from the tapestry, then from the default. */
export interface KnotOptions<Policy extends ErrorPolicy = ValuePolicy> {
  /**
   * When a parent is Err or Skipped: `skipIfParentFailed` skips the knot, `requireAllParents` makes it Err
   * (`RequireAllParents`), `receiveErrors` runs it on what its parents came to, which takes a definition that receives
   * outcomes. Default: the last for such definitions, else the first.
   */
  readonly errorPolicy?: Policy;
  readonly retry?: RetryPolicy;
  /** Milliseconds that one attempt of the body may take; then its signal is aborted and the attempt counts as a throw. Default: none. */
  readonly timeout?: number;
  /** Milliseconds that a body may go on after its signal was aborted by a cancel. Default 10,000. */
  readonly cancelGrace?: number;
  readonly dispatcher?: Dispatcher;
  /**
   * What becomes of a knot of a run in flight when the worker's body has another source than the one that the run was
   * started with: `run` (default) it, and record the hash of what ran; or `wait` for a worker that has the old one.
   */
  readonly onCodeChange?: 'run' | 'wait';
  /**
   * Whether the value of an earlier knot of the same definition and version is reused where the inputs are the same, from any run, tapestry
   * and knot; the body is then not run. Failures and skips never are. Takes a definition with a `version`, or `{ codeHash: 'source' }`.
   * What else the body looks at (the clock, `ctx.resources`, other systems) tells nobody that a value is out of date but its `maxAge`. Default
   * false.
   */
  readonly cache?: boolean | CacheOptions;
  /**
   * Bodies that run at once, of all knots of the definition, or of all whose limits name this key, in all runs, workers and tapestries that share
   * the backends. A knot that finds no place free waits, and holds no slot of a worker meanwhile; retries come one by one through it. Default: no
   * limit.
   */
  readonly maxConcurrent?: Limit;
  /** Bodies that begin in a second, of the same ones as above; at even distances, and none are saved up. May be a fraction. Default: no limit. */
  readonly ratePerSecond?: Limit;
  /** From 1 to 5: of what waits in a task queue or for a limit, the smaller numbers go first. Default 3. It has no effect in segments of `local()` knots. */
  readonly priority?: 1 | 2 | 3 | 4 | 5;
  /**
   * Whether the schemas of the definition are applied to what goes in and what comes out; of a map, to its elements. `false`: the body gets its inputs
   * as they come and what it returns is the value, so that nothing is refused, filled in or transformed. The names of inputs are checked in either
   * case, and so are parameters and payloads of signals. Default true.
   */
  readonly validate?: boolean;
  /** One line for people, shown beside the knot in listings and in Temporal's UI. */
  readonly summary?: string;
}

export type KnotBody = (inputs: any, context: KnotContext) => unknown;

/**
 * Nodes that pass on the value of a parent by reference: `gate` or not at all, `branch` to one of its paths, `firstOk` that of the first.
 * Nodes that run another tapestry: `subTapestry` once, `loop` again and again. `map` runs a body for each element of a list. And those that wait, for a signal
 * or for a time.
 */
export type NodeKind =
  'gate' | 'branch' | 'firstOk' | 'subTapestry' | 'loop' | 'map' | 'waitForSignal' | 'sleep' | 'waitUntil';

/** What a `map` does with elements that fail: it fails when all have ended, leaves them out, or has outcomes for elements. */
export type OnElementError = 'fail' | 'skip' | 'collect';

/** What a map says beside its inputs, which are `over` or, of several lists, `over.<name>`, and `shared.<name>`. */
export interface MapRecord {
  /** Its body runs for each element. */
  readonly each: DefinitionRecord;
  /** Name of the input of `each` that gets the element; absent: there are several lists, by the names of the inputs. */
  readonly bind?: string;
  /** Absent: 100. */
  readonly concurrency?: number;
  /** Absent: one. */
  readonly batch?: number;
  /** Absent: `fail`. */
  readonly onError?: Exclude<OnElementError, 'fail'>;
}

/** What a node waits for. A duration or time that is not here is the value of a knot. */
export interface WaitRecord {
  /** The name of a signal. */
  readonly signal?: string;
  /** What its payload must be. */
  readonly schema?: StandardSchema;
  /** Milliseconds after which it waits for the signal no more. Absent: never. */
  readonly timeout?: number;
  /** Milliseconds from its beginning. */
  readonly ms?: number;
  /** Milliseconds since the epoch. */
  readonly until?: number;
}

export interface DefinitionRecord {
  readonly name: string;
  /** Set by the author to say "this body computes something else now"; absent: unversioned. */
  readonly version?: string;
  readonly input?: StandardSchema;
  readonly output?: StandardSchema;
  /** Written in place, for one knot, by which it is found: other knots may have others of the same name. */
  readonly inline?: true;
  /** A run can do without its knots: see `optional()`. */
  readonly optional?: true;
  /** What its result says instead of being the knot's value; absent: it is the value. */
  readonly node?: NodeKind;
  /** Of a `map`. */
  readonly map?: MapRecord;
  /** Of a node that waits. */
  readonly wait?: WaitRecord;
  /** Whether the body takes its inputs as values or as `Outcome`s. */
  readonly receives: 'values' | 'outcomes';
  readonly body: KnotBody;
  /** The source text that the code hash is taken of. */
  readonly source: string;
  readonly options: KnotOptions<ErrorPolicy>;
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
  /** By input name, in the order given. */
  readonly inputs: ReadonlyMap<string, InputRecord>;
  /** Of a path of a branch: the tag by which it is chosen. Its inputs are `branch` and `input`. */
  readonly path?: string;
  /** Of a node that runs another tapestry: which. Its inputs are the parameters of that. */
  readonly nested?: TapestryRecord;
  /** What holds for this knot: its own options before those of its definition before those of its tapestry. */
  readonly options: KnotOptions<ErrorPolicy>;
}

export interface ParameterRecord {
  readonly name: string;
  /** The knot that stands for it, `param:<name>`. */
  readonly knot: KnotRecord;
  readonly schema: StandardSchema;
  readonly hasDefault: boolean;
  /** What came out of the schema when the default was declared: used as it is, not validated again. */
  readonly default?: unknown;
}

export type FailOn = 'unhandled' | 'any' | 'never';

export interface TapestryOptions {
  /** Options that knots inherit. */
  readonly knots?: KnotOptions;
  /**
   * Which failures make the workflow fail in Temporal, and `run.values()` throw: those that are `unhandled` (default), being
   * neither of optional knots nor taken by a knot that receives them; `any` but of optional knots; or none, `never`. The
   * status of the run says `failed` whatever this says, where any knot but an optional one has failed.
   */
  readonly failOn?: FailOn;
  readonly description?: string;
  /**
   * Whether a run may be given more knots while it works: by its bodies (`ctx.extend`) and from outside (`run.extend`). Extensions name
   * definitions that the worker has registered: those that its tapestries place and, beside them, the `definitions` given here. Its
   * `local()` knots go by themselves, not in segments. Default false.
   */
  readonly extensible?: boolean | { readonly definitions: readonly object[] };
  /**
   * Task queue of its runs, and of the workers that have it, if they name none. Tapestries of one queue share one Temporal worker in a
   * process; of each queue there is one more (about 45 MB). Runs of `selvage run` have a queue of their own. Default: `selvage/<name>`.
   */
  readonly queue?: string;
}

export interface TapestryRecord {
  readonly name: string;
  readonly options: TapestryOptions;
  readonly parameters: Map<string, ParameterRecord>;
  /** In the order placed, parameters included. */
  readonly knots: Map<string, KnotRecord>;
  /** Terminal name to knot; undefined until given: then the knots without consumers are the terminals, named by id. */
  terminals: Map<string, KnotRecord> | undefined;
  /** Nothing can be added any more. Default false. */
  closed?: boolean;
  /** Definitions that extensions of its runs may name, beside those that it places. Default: none. */
  readonly definitions?: readonly DefinitionRecord[];
}
