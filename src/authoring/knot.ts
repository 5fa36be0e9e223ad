import { KnotClass } from './knot-class';
import type { Ok } from './outcome';
import type { ErrorPolicy, KnotOptions, ValuePolicy } from './records';
import type { Tapestry } from './tapestry';
import type { Table } from '../tables/table';

declare const VALUE: unique symbol;
declare const SIGNATURE: unique symbol;
declare const OPTIONAL: unique symbol;

/**
 * A definition placed in a tapestry: the handle to wire into other knots' inputs. `T` is the type of its value in a
 * run. While wiring, a knot has no value yet, only its id.
 */
export interface Knot<out T, out Id extends string = string> {
  readonly id: Id;
  /** Type only. */
  readonly [VALUE]: T;
  /**
   * For a knot that yields a table: places a knot with some of the table's columns, in the given order, which reads no
   * rows. Consumers of that knot that are cached are reused while other columns change. The same columns twice are the
   * same knot, `orders.select.id.at`.
   *
   * @throws SelvageError InvalidConfig, and those of placing a definition. A column that the table lacks makes the knot
   *   fail with `UnsupportedTable`
   */
  select<Row extends object, const Name extends string & keyof Row, Why extends Absence = never>(
    this: Knot<Table<Row>> & MaybeAbsent<Why>,
    ...columns: readonly [Name, ...Name[]]
  ): KnotOf<Table<Pick<Row, Name>>, string, Why>;
  /** With an id, and other options, of its own. */
  select<
    Row extends object,
    const Name extends string & keyof Row,
    const Id extends string = string,
    Why extends Absence = never,
  >(
    this: Knot<Table<Row>> & MaybeAbsent<Why>,
    columns: readonly [Name, ...Name[]],
    config: Partial<KnotConfig<Id>>,
  ): KnotOf<Table<Pick<Row, Name>>, Id, Why>;
}

/**
 * Why a knot may lack a value although no failure counts: an optional definition, a gate, an unselected path of a
 * branch, or a skip downstream of one of these.
 */
export type Absence = 'optional' | 'gate' | 'path';

/** A knot that may have no value in a run that succeeds. The type of its value as a terminal is `T | undefined`. */
export interface OptionalKnot<
  out T,
  out Id extends string = string,
  out Why extends Absence = Absence,
> extends Knot<T, Id> {
  /** Type only. */
  readonly [OPTIONAL]: Why;
}

/** Intersected with the type of a wired knot, to infer why it may have no value. */
export interface MaybeAbsent<out Why> {
  /** Type only. */
  readonly [OPTIONAL]?: Why;
}

/** The named wiring as given, for inputs `I`. The compiler refuses names that `I` lacks. */
export type InputsFor<I, Given> = Inputs<I> &
  Given & { readonly [K in Exclude<keyof Given, keyof I>]: never };

/** Why a knot may lack a value; `never` if it lacks one only after a failure. */
export type AbsenceReason<K> = K extends { readonly [OPTIONAL]: infer Why extends Absence } ? Why : never;

/** {@link AbsenceReason} over everything that is wired by name. */
export type AnyAbsenceReason<W> = { [K in keyof W]: AbsenceReason<W[K]> }[keyof W];

/** A knot downstream of others. `Why` is inferred from the wired knots, not from where the knot itself is wired. */
export type KnotOf<T, Id extends string, Why extends Absence> = [Why] extends [never]
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

/** Excludes knots from constants: a knot has an `id` and would pass as a constant of type `{ id: string }`. */
export type NotKnot<T> = T extends object ? T & { readonly [VALUE]?: never } : T;

/** What an input of type `T` accepts: a knot that yields a `T` (a parent), or a `T` itself (a constant). */
export type In<T, Why = unknown> = (Knot<T> & MaybeAbsent<Why>) | NotKnot<T>;

/** The first argument of a placement. An optional input may be omitted; undefined counts as omitted. */
export type Inputs<I, Why = unknown> = { [K in keyof I]: In<I[K], Why> };

/** Wiring of a body that receives outcomes: `Outcome<T>` accepts a knot that yields `T`, or a constant as Ok. */
export type OutcomeInputs<I> = {
  [K in keyof I]: Extract<I[K], { readonly kind: 'ok' }> extends Ok<infer T> ? T : never;
};

/** The inputs of a definition that has none. */
export type NoInputs = Record<string, never>;

/** The second argument of a placement. */
export interface KnotConfig<
  Id extends string = string,
  Policy extends ErrorPolicy = ValuePolicy,
> extends KnotOptions<Policy> {
  /** Names the knot in results, lineage and Temporal. A placement with another id is another knot. */
  readonly id: Id;
  /** The knot's tapestry; if omitted, the tapestry that is being built, else the parents' tapestry. */
  readonly tapestry?: Tapestry<any, any>;
}

/**
 * A named, typed function that can be placed any number of times in any tapestry. `Policy` lists the error policies
 * that its placements may have.
 */
export interface KnotDefinition<I, O, Policy extends ErrorPolicy = ValuePolicy> {
  <const Id extends string, Why extends Absence = never>(
    inputs: Inputs<I, Why>,
    config: KnotConfig<Id, Policy>,
  ): 'receiveErrors' extends Policy ? Knot<O, Id> : KnotOf<O, Id, Why>;
  /** Type only. */
  readonly [SIGNATURE]?: { readonly inputs: I; readonly output: O };
}

/** A definition made by `optional()`: its knots may fail without failing the run. */
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
