import type { NodeKind } from '../../authoring/records';
import type { PlanMap } from '../../plan';
import type { RunLimits } from '../run-limits';
import type { KnotCall, KnotTask, KnotFailure } from './knot';
import type { RunMemo } from './run';
import type { Envelope } from '../../scheduler/envelope';

/**
 * The answer of a loop's activity if the loop continues: the parameters that change, encoded as in {@link NestResult}.
 */
export interface NextIteration {
  readonly next: Readonly<Record<string, unknown>>;
}

export interface NestRequest {
  /** Not this activity's task, but that of the knot that it works for. */
  readonly task: ChildTask['task'];
}

/** The run that a knot is to start. */
export interface NestResult {
  /** The workflow type. */
  readonly tapestry: string;
  readonly plan: string;
  /** Encoded, by name. Large values, and those that must not be in a history, are a `ParameterReference`. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The span of the knot, if the worker traces. */
  readonly traceparent?: string;
}

export interface ChildTask {
  /** Absent: the child run only runs the knot's activity. */
  readonly node?: NodeKind;
  readonly map?: PlanMap;
  /** For a map that continues in a new execution: the position of its next element. */
  readonly from?: number;
  /** For a map: positions of elements whose activities were ended from outside, as ranges. Absent if there are none. */
  readonly ended?: readonly number[];
  /** For a map: how often it started again because records of its elements were lost. Absent: never. */
  readonly mended?: number;
  readonly behaviour: number;
  readonly limits: RunLimits;
  readonly knot: string;
  readonly call: KnotCall;
  /** For a node that starts runs: what they inherit from their parent. */
  readonly memo?: Pick<RunMemo, 'actor' | 'vcsCommit' | 'inlineLimit' | 'subject' | 'reuse' | 'limits'>;
  readonly task: KnotTask & { readonly temporalRunId: string; readonly runId: string };
}

export type ChildEnd = {
  readonly knot: string;
  /** The Temporal run id of the child run. */
  readonly temporalRunId: string;
} &
  /** `null`: to be looked up by its record. */
  (
    | { readonly kind: 'ok'; readonly envelope: Envelope | null; readonly extension?: string }
    | { readonly kind: 'err'; readonly failure: KnotFailure; readonly recorded: boolean }
    | { readonly kind: 'cancelled' }
  );

/** The memo of a child run, under `MEMO_KEY`. */
export interface ChildMemo {
  readonly temporalRunId: string;
}
