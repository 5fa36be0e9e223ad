import { SelvageError } from '../errors';
import type { Encodable } from './encodable';
import { makeDefinition } from './definition-record';
import type { Inputs, Knot, KnotConfig, KnotDefinition, NoInputs, OutcomeInputs } from './knot';
import type { KnotContext } from './knot-context';
import { markDefinition } from './marks';
import type { Outcome } from './outcome';
import { place } from './place';
import type { DefinitionRecord, ErrorPolicy, KnotBody, KnotOptions } from './records';
import type { InputOf, OutputOf, StandardSchema } from './standard-schema';

/** What can be said of a definition beside its name and body; the knot options are those of every placement without its own. */
export interface DefinitionOptions<
  I extends StandardSchema | undefined = StandardSchema | undefined,
  O extends StandardSchema | undefined = StandardSchema | undefined,
> extends KnotOptions {
  /** The body takes its inputs as values. `outcomes` are those of {@link OutcomeDefinitionOptions}. */
  readonly receives?: 'values';
  /**
   * What the inputs must be; checked before each run of the body, which gets what comes out of the schema. Default: not
   * checked. Inputs that do not satisfy it make the knot fail with InvalidInput; constants that do not are refused where it is placed.
   */
  readonly input?: I;
  /** What the body must return; the knot's value is what comes out of the schema. Otherwise it fails with InvalidOutput. */
  readonly output?: O;
  /** Changed by the author when the body computes something else. Recorded in lineage. Default: none. */
  readonly version?: string;
}

/** What can be said of a definition whose body takes outcomes. It has no input schema: what its parents yield is checked there. */
export interface OutcomeDefinitionOptions<
  O extends StandardSchema | undefined = StandardSchema | undefined,
> extends KnotOptions<ErrorPolicy> {
  /**
   * Every input arrives as an `Outcome`, Ok, Err or Skipped, and constants as Ok; the body runs whatever became of its
   * parents, unless its `errorPolicy` says otherwise.
   */
  readonly receives: 'outcomes';
  readonly output?: O;
  readonly version?: string;
}

/** Inputs each of which is an outcome. */
type OutcomesByName<I> = { readonly [K in keyof I]?: Outcome | undefined };

/**
 * Makes a definition: a named, typed function that is placed in tapestries by calling it, `add({ a, b }, { id: 'sum' })`.
 *
 * The body runs at least once per run (a worker may be lost after it ran and before its result was recorded); its outcome
 * counts exactly once. It gets copies: nothing that it does to its inputs is seen elsewhere. A body with type parameters is
 * written as a function that returns a definition.
 *
 * @param name of the definition, unique with its version in a worker; it is the activity type in Temporal.
 * @throws SelvageError InvalidName, InvalidDefinition, InvalidConfig
 */
export function knot<O, I extends object = NoInputs>(
  name: string,
  body: (inputs: I, context: KnotContext) => O & Encodable<O>,
): KnotDefinition<I, Awaited<O>>;
export function knot<R extends StandardSchema, I extends OutcomesByName<I>>(
  name: string,
  options: OutcomeDefinitionOptions<R> & { output: R & Encodable<OutputOf<R>> },
  body: (inputs: I, context: KnotContext) => InputOf<R> | Promise<InputOf<R>>,
): KnotDefinition<OutcomeInputs<I>, OutputOf<R>, ErrorPolicy>;
export function knot<O, I extends OutcomesByName<I>>(
  name: string,
  options: OutcomeDefinitionOptions<undefined>,
  body: (inputs: I, context: KnotContext) => O & Encodable<O>,
): KnotDefinition<OutcomeInputs<I>, Awaited<O>, ErrorPolicy>;
export function knot<S extends StandardSchema<object>, R extends StandardSchema>(
  name: string,
  options: DefinitionOptions<S, R> & { input: S; output: R & Encodable<OutputOf<R>> },
  body: (inputs: OutputOf<S>, context: KnotContext) => InputOf<R> | Promise<InputOf<R>>,
): KnotDefinition<InputOf<S>, OutputOf<R>>;
export function knot<S extends StandardSchema<object>, O>(
  name: string,
  options: DefinitionOptions<S, undefined> & { input: S },
  body: (inputs: OutputOf<S>, context: KnotContext) => O & Encodable<O>,
): KnotDefinition<InputOf<S>, Awaited<O>>;
export function knot<R extends StandardSchema, I extends object = NoInputs>(
  name: string,
  options: DefinitionOptions<undefined, R> & { output: R & Encodable<OutputOf<R>> },
  body: (inputs: I, context: KnotContext) => InputOf<R> | Promise<InputOf<R>>,
): KnotDefinition<I, OutputOf<R>>;
export function knot<O, I extends object = NoInputs>(
  name: string,
  options: DefinitionOptions<undefined, undefined>,
  body: (inputs: I, context: KnotContext) => O & Encodable<O>,
): KnotDefinition<I, Awaited<O>>;
export function knot(
  name: string,
  ...rest:
    | readonly [body: KnotBody]
    | readonly [options: DefinitionOptions | OutcomeDefinitionOptions, body: KnotBody]
): KnotDefinition<any, any, any> {
  const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest;
  if (typeof body !== 'function') {
    throw new SelvageError(
      'InvalidDefinition',
      `The definition "${String(name)}" has no body. Give a function as the last argument: knot(name, body) or knot(name, options, body).`,
      { details: { definition: name, reason: 'MissingBody' } },
    );
  }
  return definitionOf(makeDefinition(name, options, body, Function.prototype.toString.call(body)));
}

/** What users hold of a definition. */
export function definitionOf(record: DefinitionRecord): KnotDefinition<any, any, any> {
  const definition = <const Id extends string>(
    inputs: Inputs<any>,
    config: KnotConfig<Id, any>,
  ): Knot<any, Id> => place(record, inputs, config) as Knot<any, Id>;
  Object.defineProperty(definition, 'name', { value: record.name });
  markDefinition(definition, record);
  return definition;
}
