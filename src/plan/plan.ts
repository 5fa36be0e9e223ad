import type {
  ErrorPolicy,
  ValuePolicy,
  FailOn,
  KnotOptions,
  MapRecord,
  NodeKind,
  RetryPolicy,
  WaitRecord,
} from '../authoring/records';
import type { Dataset } from '../authoring/dataset';
import type { Json } from '../values';
import type { PlanField } from './fields';
import type { DomainDescription } from '../partitions';

/**
 * The compiled tapestry: plain JSON without code, hashed over its canonical form. A run is pinned to one plan
 * by hash, so editing the tapestry never changes a run in flight.
 *
 * After the first release, a change that older versions could not read must raise the format, so that they
 * refuse it.
 */
export const PLAN_FORMAT = 1;

export interface Plan {
  readonly format: typeof PLAN_FORMAT;
  readonly tapestry: string;
  readonly failOn: FailOn;
  /** Task queue of the tapestry's runs, if it names one. */
  readonly queue?: string;
  readonly parameters: readonly PlanParameter[];
  readonly definitions: readonly PlanDefinition[];
  /** Parameters first, then parents before children; otherwise in the order in which they were placed. */
  readonly knots: readonly PlanKnot[];
  /** Terminal name to index into `knots`, in the order returned by `build`. */
  readonly terminals: readonly (readonly [name: string, knot: number])[];
  /** Only for a partitioned tapestry. */
  readonly partition?: PlanPartition;
  /** If present, runs of the plan may be extended. Knots of extensions inherit these options. */
  readonly extensible?: { readonly knots?: KnotOptions<ValuePolicy, number> };
  /** Only for a plan made from another one by extensions. */
  readonly extended?: Extended;
}

export interface PlanPartition {
  readonly domain: DomainDescription;
  /** Absent: false. */
  readonly dependsOnPrevious?: true;
}

/**
 * The original part of an extended plan: its first knots and terminals. Everything from extensions comes
 * after them.
 */
export interface Extended {
  readonly knots: number;
  readonly terminals: number;
  /** Content hashes of the fragments added since, in order. */
  readonly fragments: readonly string[];
}

export interface PlanParameter {
  readonly name: string;
  /** The encoded default. Absent: the parameter is required. */
  readonly default?: Json;
}

export interface PlanDefinition {
  readonly name: string;
  readonly version?: string;
  /** The function is written in place: the body is looked up by knot, not by name. */
  readonly inline?: true;
  /** `sha256:` of the body's source when the plan was made. Absent where only the host of the body knows it. */
  readonly codeHash?: string;
}

/** The facts about a map that the hosts need. */
export type PlanMap = Omit<MapRecord, 'each'> & {
  /** Name of the definition that runs for each element; also the activity type of elements. */
  readonly each: string;
  /** Reuse of element values, as for a knot. */
  readonly cache?: PlanCache;
};

/** How long values may be reused, and whether the body's source must match. */
export type PlanCache = { readonly maxAge?: number; readonly codeHash?: 'source' };

/** A number, shared by all knots with the same key. */
export interface PlanLimit {
  readonly key: string;
  readonly limit: number;
}

/** The options of a knot that the hosts need. Defaults are filled in, except those noted at the fields. */
export interface PlanPolicy {
  /** Absent: `skipIfParentFailed`. */
  readonly errorPolicy?: Exclude<ErrorPolicy, 'skipIfParentFailed'>;
  /** Absent: false. */
  readonly optional?: true;
  /** Absent: the knot's value is what its body returns. */
  readonly node?: NodeKind;
  /** For a wait: its constant settings. */
  readonly wait?: Omit<WaitRecord, 'schema'>;
  /** For a path of a branch: the tag. Its two parents are the branch and the branch's input. */
  readonly path?: string;
  readonly map?: PlanMap;
  readonly retry?: RetryPolicy<number>;
  readonly timeout?: number;
  readonly cancelGrace?: number;
  readonly taskQueue?: string;
  /** Set for the `local` dispatcher. Absent: a queue. */
  readonly local?: true;
  /** Name of the host that calls the body. Absent: the worker itself. */
  readonly host?: string;
  /** Absent: `run`. */
  readonly onCodeChange?: 'wait';
  /** Set if the knot's values are reused. */
  readonly cache?: PlanCache;
  /** Most bodies at once. */
  readonly maxConcurrent?: PlanLimit;
  readonly ratePerSecond?: PlanLimit;
  /** The definition's schemas are not applied. Absent: they are. */
  readonly validate?: false;
  /** The body's log is not kept. Absent: its tail is. */
  readonly logs?: false;
  /** From 1 (first) to 5 (last). Absent: 3. */
  readonly priority?: number;
}

export type PlanInput =
  | { readonly parent: number }
  /** Encoded constant and the `sha256:`/`bytes-sha256:` hash of it. */
  | { readonly constant: Json; readonly hash: string };

/** Datasets and columns as the author named them. */
export interface PlanData {
  readonly reads?: readonly Dataset[];
  readonly writes?: readonly Dataset[];
  readonly columns?: Readonly<Record<string, readonly string[]>>;
  /** The columns of what it reads or writes, as the schema of that value says. Absent: unknown. */
  readonly fields?: readonly PlanField[];
}

export interface PlanKnot {
  readonly id: string;
  /** Index into `definitions`; -1 for a parameter. */
  readonly definition: number;
  /** For a map: index into `definitions` of the element body. */
  readonly each?: number;
  readonly inputs: Readonly<Record<string, PlanInput>>;
  readonly policy: PlanPolicy;
  readonly summary?: string;
  /** What it does with data outside of runs, for lineage alone. Absent: nothing that is known. */
  readonly data?: PlanData;
  /** Hash of definition name, version, constants and policy. */
  readonly configHash: string;
}
