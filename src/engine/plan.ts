import type { FailOn, RetryPolicy } from '../model/records';
import type { Json } from '../canonical';

/**
 * The compiled tapestry: plain JSON, content-hashed over its canonical form, without code. A run is pinned to one plan by
 * hash, so an edit of the tapestry can never change a run in flight.
 */
export const PLAN_FORMAT = 1;

export interface Plan {
  readonly format: typeof PLAN_FORMAT;
  readonly tapestry: string;
  readonly failOn: FailOn;
  readonly parameters: readonly PlanParameter[];
  readonly definitions: readonly PlanDefinition[];
  /** Parents before children; among knots that could come in any order, in the order in which they were placed. Parameters first. */
  readonly knots: readonly PlanKnot[];
  /** Terminal name to index into `knots`, in the order returned by `build`. */
  readonly terminals: readonly (readonly [name: string, knot: number])[];
}

export interface PlanParameter {
  readonly name: string;
  /** Encoded default; absent: the parameter is required. */
  readonly default?: Json;
}

export interface PlanDefinition {
  readonly name: string;
  readonly version?: string;
  /** `sha256:` of the body's source text when the plan was made. */
  readonly codeHash: string;
}

/** What the hosts need of a knot's options, defaults filled in where they are not the default of the field. */
export interface PlanPolicy {
  readonly errorPolicy?: 'skipIfParentFailed';
  readonly retry?: RetryPolicy;
  readonly timeout?: number;
  readonly cancelGrace?: number;
  readonly taskQueue?: string;
  /** Of the `local` dispatcher; absent: a queue. */
  readonly local?: true;
  /** Absent: `run`. */
  readonly onCodeChange?: 'wait';
}

export type PlanInput =
  | { readonly parent: number }
  /** Encoded constant and the `sha256:`/`bytes-sha256:` hash of it. */
  | { readonly constant: Json; readonly hash: string };

export interface PlanKnot {
  readonly id: string;
  /** Index into `definitions`; -1: a parameter. */
  readonly definition: number;
  readonly inputs: Readonly<Record<string, PlanInput>>;
  readonly policy: PlanPolicy;
  readonly summary?: string;
  /** Hash of definition name, version, constants and policy. */
  readonly configHash: string;
}
