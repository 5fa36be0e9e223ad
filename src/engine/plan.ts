import type { ErrorPolicy, FailOn, KnotOptions, NodeKind, RetryPolicy, WaitRecord } from '../model/records';
import type { Json } from '../canonical';

/**
 * The compiled tapestry: plain JSON, content-hashed over its canonical form, without code. A run is pinned to one plan by
 * hash, so an edit of the tapestry can never change a run in flight.
 *
 * Once there is a release, what its versions could not read gets the next format, so that they refuse it.
 */
export const PLAN_FORMAT = 1;

export interface Plan {
  readonly format: typeof PLAN_FORMAT;
  readonly tapestry: string;
  readonly failOn: FailOn;
  /** Task queue of its runs, if the tapestry names one. */
  readonly queue?: string;
  readonly parameters: readonly PlanParameter[];
  readonly definitions: readonly PlanDefinition[];
  /** Parents before children; among knots that could come in any order, in the order in which they were placed. Parameters first. */
  readonly knots: readonly PlanKnot[];
  /** Terminal name to index into `knots`, in the order returned by `build`. */
  readonly terminals: readonly (readonly [name: string, knot: number])[];
  /** Present: a run of it may be extended. The options are those that knots of extensions inherit. */
  readonly extensible?: { readonly knots?: KnotOptions };
  /** Of a plan that was made of another one by extensions. */
  readonly extended?: Extended;
}

/** What of a plan was there before it was extended: the first knots and terminals. All that extensions brought comes behind. */
export interface Extended {
  readonly knots: number;
  readonly terminals: number;
  /** Content hashes of the fragments that were added since, in that order. */
  readonly fragments: readonly string[];
}

export interface PlanParameter {
  readonly name: string;
  /** Encoded default; absent: the parameter is required. */
  readonly default?: Json;
}

export interface PlanDefinition {
  readonly name: string;
  readonly version?: string;
  /** Written in place: a knot's body is the one of that knot, and not any of that name. */
  readonly inline?: true;
  /** `sha256:` of the body's source text when the plan was made. */
  readonly codeHash: string;
}

/** What the hosts need of a map. */
export type PlanMap = {
  /** The name of the definition whose body runs for each element: the type of their activities. */
  readonly each: string;
  /** As of a `MapRecord`. */
  readonly bind?: string;
  readonly concurrency?: number;
  readonly batch?: number;
  readonly onError?: 'skip' | 'collect';
  /** Of its elements: as of a knot. */
  readonly cache?: PlanCache;
};

/** For how long values are reused, and whether the source of the body tells as well. */
export type PlanCache = { readonly maxAge?: number; readonly codeHash?: 'source' };

/** How many, over all that have the same key. */
export interface PlanLimit {
  readonly key: string;
  readonly limit: number;
}

/** What the hosts need of a knot's options, defaults filled in where they are not the default of the field. */
export interface PlanPolicy {
  /** Absent: `skipIfParentFailed`. */
  readonly errorPolicy?: Exclude<ErrorPolicy, 'skipIfParentFailed'>;
  /** Absent: false. */
  readonly optional?: true;
  /** Absent: the knot's value is what its body returns. */
  readonly node?: NodeKind;
  /** Of a node that waits, and what is constant of it. */
  readonly wait?: Omit<WaitRecord, 'schema'>;
  /** Of a path of a branch, whose two parents are the branch and its input: the tag. */
  readonly path?: string;
  /** Of a node `map`. */
  readonly map?: PlanMap;
  readonly retry?: RetryPolicy;
  readonly timeout?: number;
  readonly cancelGrace?: number;
  readonly taskQueue?: string;
  /** Of the `local` dispatcher; absent: a queue. */
  readonly local?: true;
  /** Absent: `run`. */
  readonly onCodeChange?: 'wait';
  /** Of a knot whose values are reused. */
  readonly cache?: PlanCache;
  /** Bodies at once. */
  readonly maxConcurrent?: PlanLimit;
  /** Bodies that begin in a second. */
  readonly ratePerSecond?: PlanLimit;
  /** The schemas of the definition are not applied; absent: they are. */
  readonly validate?: false;
  /** From 1, first, to 5; absent: 3. */
  readonly priority?: number;
}

export type PlanInput =
  | { readonly parent: number }
  /** Encoded constant and the `sha256:`/`bytes-sha256:` hash of it. */
  | { readonly constant: Json; readonly hash: string };

export interface PlanKnot {
  readonly id: string;
  /** Index into `definitions`; -1: a parameter. */
  readonly definition: number;
  /** Of a map: index into `definitions` of the one whose body runs for each element. */
  readonly each?: number;
  readonly inputs: Readonly<Record<string, PlanInput>>;
  readonly policy: PlanPolicy;
  readonly summary?: string;
  /** Hash of definition name, version, constants and policy. */
  readonly configHash: string;
}
