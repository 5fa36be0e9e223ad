import type { NestedRun } from '../../execution';
import type { Activity, Answer, NextIteration } from './activity';
import type { Subject } from './subject';
import type { FailedRecord, KnotRecord, Value } from './store';

/** How a body ended. */
export type BodyEnd =
  | { readonly kind: 'recorded'; readonly record: KnotRecord }
  | { readonly kind: 'threw'; readonly error: unknown }
  | NextIteration;

/** A knot with what its parents came to. */
export interface PlacedKnot {
  readonly subject: Subject;
  /** Or an element of a map, as of `units.ts`. */
  readonly knot: number;
  /** What the knot's (or the map's) parents came to, in the order of the layout: values, or what a body that receives outcomes is told. */
  readonly inputs: readonly (Value | FailedRecord)[];
}

/** A body to be called; of a map or a knot that runs a tapestry, what makes its outcome of those of its elements or of that run. */
export interface BodyCall extends PlacedKnot {
  /** From 1, as the body is told. */
  readonly number: number;
  /** Whether the schedule lets it fail. */
  readonly isFailing: boolean;
  /** Of a map, by position. */
  readonly elements: readonly KnotRecord[] | undefined;
  readonly nested: EndedRun | undefined;
}

/** A run that a knot has started, when it is over. */
export interface EndedRun {
  /** From 1. */
  readonly number: number;
  /** The parameters that it was given, as the bodies have them. */
  readonly given: unknown;
  /** Its values are as of the simulated store. */
  readonly run: NestedRun;
}

/** What an attempt gets done by the worker and the server that it is in. */
export interface Surroundings {
  /** The knot's record, if it has one. */
  lookUp(knot: number): KnotRecord | undefined;
  callBody(attempt: Attempt, knot: number, number: number): void;
  /** The knot's outcome is to be put and recorded; `attempt.recorded` follows. */
  commit(attempt: Attempt, knot: number, record: KnotRecord): void;
  /** The attempt has an answer for the server. */
  answer(attempt: Attempt): void;
  /** The attempt ends, and is to be tried again. */
  refuse(attempt: Attempt): void;
  /** Milliseconds to wait before a body that threw is called again; undefined: it is not. */
  retryDelay(knot: number, throws: number, error: unknown): number | undefined;
  /** What is recorded of a body that threw for the last time. */
  errorRecord(knot: number, error: unknown): KnotRecord;
  /** The elements of a map, as of `units.ts`, when its parents are what the attempt knows. */
  elementsOf(attempt: Attempt, map: number): readonly number[];
}

/**
 * One attempt at an activity, in a worker. It begins, has bodies called, and hears how they ended and what was recorded; each
 * of that is a step of its own, between which anything may strike.
 */
export abstract class Attempt {
  isDead = false;
  /** Steps of the run that were done before it began. */
  begunAt = 0;

  constructor(
    readonly activity: Activity,
    /** From 1. */
    readonly number: number,
    /** Workers that were lost before. */
    readonly lost: number,
    readonly worker: number,
    protected readonly surroundings: Surroundings,
  ) {}

  /** What `surroundings.answer` is called for. */
  abstract get answerToGive(): Answer;
  abstract begin(): void;
  /** How often the knot's body has thrown, in this attempt and in those before that count. */
  abstract throwsOf(knot: number): number;
  /** The body threw. */
  abstract threw(knot: number, error: unknown): void;
  /** The record that stands now. */
  abstract recorded(knot: number, record: KnotRecord): void;
  /** What was being done for the knot could not be: the attempt is to be tried again. */
  abstract refused(knot: number): void;
  /** The run is cancelled. `inBody`: the knots whose body has not ended. */
  abstract cancelled(inBody: readonly number[]): void;
}

/** An attempt that runs several bodies. */
export abstract class GroupAttempt extends Attempt {
  /** The worker shuts down and the body heeds it: what is recorded is answered, the rest given back. */
  abstract stopped(knot: number): void;
}
