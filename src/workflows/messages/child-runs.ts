import type { NodeKind } from '../../authoring/records';
import type { PlanMap } from '../../plan';
import type { RunLimits } from '../run-limits';
import type { KnotCall, KnotTask, KnotFailure } from './knot';
import type { RunMemo } from './run';
import type { Envelope } from '../../scheduler/envelope';

/** A loop's answer if it continues: the changed parameters, encoded as in {@link NestResult}. */
export interface NextIteration {
  readonly next: Readonly<Record<string, unknown>>;
}

export interface NestRequest {
  /** The task of the knot, not of this activity. */
  readonly task: ChildTask['task'];
}

export interface NestResult {
  readonly tapestry: string;
  readonly plan: string;
  /** Encoded, by name. Large and secret values are a `ParameterReference`. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly traceparent?: string;
}

export interface ChildTask {
  /** Absent: the child run only runs the knot's activity. */
  readonly node?: NodeKind;
  readonly map?: PlanMap;
  /** For a map in a further execution, the position of its next element. */
  readonly from?: number;
  /** For a map, ranges of elements whose activities were ended from outside. Absent: none. */
  readonly ended?: readonly number[];
  /** For a map, how often it started again after lost records. Absent: never. */
  readonly mended?: number;
  readonly behaviour: number;
  readonly limits: RunLimits;
  readonly knot: string;
  readonly call: KnotCall;
  /** Parts of the memo, inherited by runs that a node starts. */
  readonly memo?: Pick<RunMemo, 'actor' | 'vcsCommit' | 'inlineLimit' | 'subject' | 'reuse' | 'limits'>;
  readonly task: KnotTask & { readonly temporalRunId: string; readonly runId: string };
}

export type ChildEnd = {
  readonly knot: string;
  /** Temporal run id of the child run. */
  readonly temporalRunId: string;
} &
  /** `null`: the child run's outcome is looked up in its record. */
  (
    | { readonly kind: 'ok'; readonly envelope: Envelope | null; readonly extension?: string }
    | { readonly kind: 'err'; readonly failure: KnotFailure; readonly recorded: boolean }
    | { readonly kind: 'cancelled' }
  );

/** Under `MEMO_KEY`. */
export interface ChildMemo {
  readonly temporalRunId: string;
}
