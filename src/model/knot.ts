import { KnotClass } from './knot-class';
import type { Ok } from './outcome';
import type { ErrorPolicy, KnotOptions, ValuePolicy } from './records';
import type { Tapestry } from './tapestry';

declare const VALUE: unique symbol;
declare const SIGNATURE: unique symbol;
declare const OPTIONAL: unique symbol;

/**
 * A definition placed in a tapestry: the handle that is wired into other knots' inputs. `T` is the type of its value in a
 * run; while wiring there is no value yet, and nothing to see but the id.
 */
export interface Knot<out T, out Id extends string = string> {
  readonly id: Id;
  /** Type only. */
  readonly [VALUE]: T;
}

/** A knot that the run can do without: as a terminal, it may have no value. */
export interface OptionalKnot<out T, out Id extends string = string> extends Knot<T, Id> {
  /** Type only. */
  readonly [OPTIONAL]: true;
}

/**
 * The base of class knots; a class that extends it is a definition.
 *
 * ```ts
 * class FetchPrefs extends Knot<{ user: string }, Prefs> {
 *   static knotName = 'fetch-prefs';
 *   async process({ user }: { user: string }, ctx: KnotContext): Promise<Prefs> { … }
 * }
 * const prefs = FetchPrefs.place({ user }, { id: 'prefs' });
 * ```
 */
export const Knot: typeof KnotClass = KnotClass;

/** `T`, unless it is a knot: a knot has an `id` and would pass as a constant of type `{ id: string }`. */
export type NotKnot<T> = T extends object ? T & { readonly [VALUE]?: never } : T;

/** What an input of type `T` takes: a knot that yields it (a parent), or the value itself (a constant). */
export type In<T> = Knot<T> | NotKnot<T>;

/** The first argument of a placement. An optional input may be left out; given as undefined, it is left out as well. */
export type Inputs<I> = { [K in keyof I]: In<I[K]> };

/**
 * What the inputs of a body that receives outcomes are wired with: of an input `Outcome<T>`, a knot that yields `T`, or a
 * constant, which is Ok.
 */
export type OutcomeInputs<I> = {
  [K in keyof I]: Extract<I[K], { readonly kind: 'ok' }> extends Ok<infer T> ? T : never;
};

/** The inputs of a definition that has none. */
export type NoInputs = Record<string, never>;

/** The second argument of a placement: what the framework needs to know. */
export interface KnotConfig<
  Id extends string = string,
  Policy extends ErrorPolicy = ValuePolicy,
> extends KnotOptions<Policy> {
  /** Names the knot in this tapestry: in results, lineage and Temporal. Renaming it makes it another knot. */
  readonly id: Id;
  /** Where to place the knot. Default: the tapestry that is being built, else that of its parents. */
  readonly tapestry?: Tapestry<any, any>;
}

/**
 * A named, typed function that can be placed in any number of tapestries, any number of times. `Policy`: the error policies
 * that it may be placed with.
 */
export interface KnotDefinition<I, O, Policy extends ErrorPolicy = ValuePolicy> {
  <const Id extends string>(inputs: Inputs<I>, config: KnotConfig<Id, Policy>): Knot<O, Id>;
  /** Type only. */
  readonly [SIGNATURE]?: { readonly inputs: I; readonly output: O };
}

/** A definition whose knots a run can do without. */
export interface OptionalDefinition<I, O, Policy extends ErrorPolicy = ValuePolicy> {
  <const Id extends string>(inputs: Inputs<I>, config: KnotConfig<Id, Policy>): OptionalKnot<O, Id>;
  /** Type only. */
  readonly [SIGNATURE]?: { readonly inputs: I; readonly output: O };
}

/** The type of the value that a knot yields. */
export type ValueOf<K> = K extends Knot<infer T, string> ? T : never;
