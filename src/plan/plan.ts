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
 * The compiled tapestry: plain JSON without code, hashed over its canonical form. A run is pinned to one plan by
 * hash, so edits of the tapestry never change it.
 *
 * After the first release, a change that older versions cannot read must raise the format.
 */
export const PLAN_FORMAT = 1;

export interface Plan {
  readonly format: typeof PLAN_FORMAT;
  readonly tapestry: string;
  readonly failOn: FailOn;
  /** Absent: the default task queue. */
  readonly queue?: string;
  readonly parameters: readonly PlanParameter[];
  readonly definitions: readonly PlanDefinition[];
  /** The plan's knots: parameters, then parents before children, otherwise in the order placed. */
  readonly knots: readonly PlanKnot[];
  /** Terminals with their index into `knots`, in the order returned by `build`. */
  readonly terminals: readonly (readonly [name: string, knot: number])[];
  /** Set for a partitioned tapestry. */
  readonly partition?: PlanPartition;
  /** Set if runs may be extended. Knots of extensions inherit these options. */
  readonly extensible?: { readonly knots?: KnotOptions<ValuePolicy, number> };
  /** Set for a plan that extensions have made. */
  readonly extended?: Extended;
}

export interface PlanPartition {
  readonly domain: DomainDescription;
  /** Absent: false. */
  readonly dependsOnPrevious?: true;
}

/** The first knots and terminals are the original plan's; extensions' come after them. */
export interface Extended {
  readonly knots: number;
  readonly terminals: number;
  /** Content hashes of the added fragments, in order. */
  readonly fragments: readonly string[];
}

export interface PlanParameter {
  readonly name: string;
  /** Encoded. Absent: the parameter is required. */
  readonly default?: Json;
}

export interface PlanDefinition {
  readonly name: string;
  readonly version?: string;
  /** Set for a function in place: the body is looked up by knot. */
  readonly inline?: true;
  /** `sha256:` of the body's source at planning. Absent if only the body's host knows the source. */
  readonly codeHash?: string;
}

/** The facts about a map that hosts need. */
export type PlanMap = Omit<MapRecord, 'each'> & {
  /** The elements' definition, and their activity type. */
  readonly each: string;
  /** How values of elements are reused. */
  readonly cache?: PlanCache;
};

/** How long values may be reused, and whether the body's source must match. */
export type PlanCache = { readonly maxAge?: number; readonly codeHash?: 'source' };

/** The limit's key, shared by all knots with this key. */
export interface PlanLimit {
  readonly key: string;
  readonly limit: number;
}

/** A knot's options for the hosts. The options' defaults are stated at the fields. */
export interface PlanPolicy {
  /** Absent: `skipIfParentFailed`. */
  readonly errorPolicy?: Exclude<ErrorPolicy, 'skipIfParentFailed'>;
  /** Absent: false. */
  readonly optional?: true;
  /** Absent: the body's result is the value. */
  readonly node?: NodeKind;
  /** Constant settings of a wait. */
  readonly wait?: Omit<WaitRecord, 'schema'>;
  /** The tag of a path of a branch. The parents of a path are the branch and the branch's input. */
  readonly path?: string;
  readonly map?: PlanMap;
  readonly retry?: RetryPolicy<number>;
  readonly timeout?: number;
  readonly cancelGrace?: number;
  readonly taskQueue?: string;
  /** Absent: a queue. */
  readonly local?: true;
  /** The body host; absent: the worker itself. */
  readonly host?: string;
  /** Absent: `run`. */
  readonly onCodeChange?: 'wait';
  /** Absent: the knot's values are not reused. */
  readonly cache?: PlanCache;
  /** At most this many bodies at once. */
  readonly maxConcurrent?: PlanLimit;
  readonly ratePerSecond?: PlanLimit;
  /** Set if schemas are not applied. Absent: they are. */
  readonly validate?: false;
  /** Set if the log is not kept. Absent: the log's tail is kept. */
  readonly logs?: false;
  /** Priority from 1 (first) to 5 (last). Absent: 3. */
  readonly priority?: number;
}

export type PlanInput =
  | { readonly parent: number }
  /** A constant, encoded, with its content hash. */
  | { readonly constant: Json; readonly hash: string };

/** Outside data, as the author named it. */
export interface PlanData {
  readonly reads?: readonly Dataset[];
  readonly writes?: readonly Dataset[];
  readonly columns?: Readonly<Record<string, readonly string[]>>;
  /** Columns of the data, by its schema. Absent: unknown. */
  readonly fields?: readonly PlanField[];
}

export interface PlanKnot {
  readonly id: string;
  /** The knot's index into `definitions`; -1 for a parameter. */
  readonly definition: number;
  /** For a map, index of the elements' definition. */
  readonly each?: number;
  readonly inputs: Readonly<Record<string, PlanInput>>;
  readonly policy: PlanPolicy;
  readonly summary?: string;
  /** Outside data, for lineage only. Absent: unknown. */
  readonly data?: PlanData;
  /** Hash of definition name, version, constants and policy. */
  readonly configHash: string;
}
