import type { NestedRun } from '../../execution';
import type { BodyCall, BodyEnd, PlacedKnot } from './attempt';
import type { Value } from './store';
import type { Subject } from './subject';

/** What a knot that runs a tapestry runs next. */
export interface NestCall extends PlacedKnot {
  /** Of the run among those of its knot, from 1. */
  readonly number: number;
  /** Of a loop that goes on: what its last run has left. */
  readonly given: unknown;
}

export type Nested = {
  /** The parameters, as the bodies of the knot have them. */
  readonly given: unknown;
} & ({ readonly bodies: RunBodies } | { readonly error: NestedRun });

/** Bodies of one simulated run: of the tapestry itself, or of one that a knot runs. */
export interface RunBodies {
  /** Of the tapestry's parameters. */
  readonly parameters: readonly Value[];
  call(call: BodyCall): BodyEnd | Promise<BodyEnd>;
  /** Elements of a map. */
  countOf(map: PlacedKnot): number;
  /** What the value of a knot is reused by; undefined: it is not. */
  cacheKeyOf(knot: PlacedKnot): string | undefined;
  /** Whether another body stands for what the node of the knot does: its wait, or the tapestry that it runs. */
  isReplaced(subject: Subject, knot: number): boolean;
  nest(call: NestCall): Nested | Promise<Nested>;
}

export interface Bodies {
  /** Whether the bodies are the tapestry's own, so that their values can be compared between runs. */
  readonly areReal: boolean;
  forRun(): RunBodies;
}
