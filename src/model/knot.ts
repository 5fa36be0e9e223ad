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

/**
 * Why a knot may have no value although nothing has failed that counts: it is of an `optional` definition, a `gate`, or a `path` of a branch; or it is
 * below such a knot, and would be skipped with it.
 */
export type Absence = 'optional' | 'gate' | 'path';

/** A knot that may have no value in a run that succeeds: as a terminal, it has `T | undefined`. */
export interface OptionalKnot<
  out T,
  out Id extends string = string,
  out Why extends Absence = Absence,
> extends Knot<T, Id> {
  /** Type only. */
  readonly [OPTIONAL]: Why;
}

/** Beside the type of a knot that is wired in: finds out why it may have no value. */
export interface MayBeAbsent<out Why> {
  /** Type only. */
  readonly [OPTIONAL]?: Why;
}

/** What is wired by name, as it was given, for inputs `I`: names that there are none of are refused. */
export type GivenFor<I, Given> = Inputs<I> & Given & { readonly [K in Exclude<keyof Given, keyof I>]: never };

/** Why a knot may have no value; never: it has one, or something has failed. */
export type WhyAbsent<K> = K extends { readonly [OPTIONAL]: infer Why extends Absence } ? Why : never;

/** The same of what is wired by name. */
export type WhyAnyAbsent<W> = { [K in keyof W]: WhyAbsent<W[K]> }[keyof W];

/** A knot below others. `Why`: why these may have no value, which is to be found out from them, and not from where the knot is wired to. */
export type KnotBelow<T, Id extends string, Why extends Absence> = [Why] extends [never]
  ? Knot<T, Id>
  : OptionalKnot<T, Id, NoInfer<Why>>;

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
export type In<T, Why = unknown> = (Knot<T> & MayBeAbsent<Why>) | NotKnot<T>;

/** The first argument of a placement. An optional input may be left out; given as undefined, it is left out as well. */
export type Inputs<I, Why = unknown> = { [K in keyof I]: In<I[K], Why> };

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
  <const Id extends string, Why extends Absence = never>(
    inputs: Inputs<I, Why>,
    config: KnotConfig<Id, Policy>,
  ): 'receiveErrors' extends Policy ? Knot<O, Id> : KnotBelow<O, Id, Why>;
  /** Type only. */
  readonly [SIGNATURE]?: { readonly inputs: I; readonly output: O };
}

/** A definition whose knots a run can do without. */
export interface OptionalDefinition<I, O, Policy extends ErrorPolicy = ValuePolicy> {
  <const Id extends string, Why extends Absence = never>(
    inputs: Inputs<I, Why>,
    config: KnotConfig<Id, Policy>,
  ): OptionalKnot<O, Id, NoInfer<Why> | 'optional'>;
  /** Type only. */
  readonly [SIGNATURE]?: { readonly inputs: I; readonly output: O };
}

/** The type of the value that a knot yields. */
export type ValueOf<K> = K extends Knot<infer T, string> ? T : never;
