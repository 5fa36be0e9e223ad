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

/** Options of a definition. The knot options apply to every placement that does not set its own. */
export interface DefinitionOptions<
  I extends StandardSchema | undefined = StandardSchema | undefined,
  O extends StandardSchema | undefined = StandardSchema | undefined,
> extends KnotOptions {
  /** The body takes values; for a body that takes outcomes, see {@link OutcomeDefinitionOptions}. */
  readonly receives?: 'values';
  /**
   * Schema of the inputs, whose output the body gets. Inputs that the schema refuses make the knot fail with
   * `InvalidInput`; refused constants throw when the knot is placed. Default: not checked.
   */
  readonly input?: I;
  /**
   * Schema of the result, whose output is the knot's value. A refused result makes the knot fail with `InvalidOutput`.
   * Default: not checked.
   */
  readonly output?: O;
  /** Version of the body; change it when the body computes something else. Recorded in lineage. Default: none. */
  readonly version?: string;
}

/**
 * Options of a definition whose body takes outcomes. Such a definition has no input schema, as its parents' output
 * schemas check values.
 */
export interface OutcomeDefinitionOptions<
  O extends StandardSchema | undefined = StandardSchema | undefined,
> extends KnotOptions<ErrorPolicy> {
  /**
   * Every input is an `Outcome` (Ok, Err or Skipped); constants are Ok. The body always runs, unless its
   * `errorPolicy` says otherwise.
   */
  readonly receives: 'outcomes';
  readonly output?: O;
  readonly version?: string;
}

type OutcomesByName<I> = { readonly [K in keyof I]?: Outcome | undefined };

/**
 * Makes a definition: a named, typed function. Calling the definition places a knot: `add({ a, b }, { id: 'sum' })`.
 *
 * The body runs at least once per run, as a worker may be lost before the result is recorded. The outcome of the body
 * counts exactly once. Inputs are copies: changes to them are seen nowhere else.
 *
 * A body with type parameters is declared once, and a function returns its definition for each type:
 * `const first = <T>() => knot('first', firstOf<T>)`.
 *
 * @param name with the version it identifies one function in a worker; it is also the activity type in Temporal
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
  return definitionOf(
    makeDefinition(name, options, body, { code: body, source: Function.prototype.toString.call(body) }),
  );
}

/** Makes the callable that users hold. */
export function definitionOf(record: DefinitionRecord): KnotDefinition<any, any, any> {
  const definition = <const Id extends string>(
    inputs: Inputs<any>,
    config: KnotConfig<Id, any>,
  ): Knot<any, Id> => place(record, inputs, config) as Knot<any, Id>;
  Object.defineProperty(definition, 'name', { value: record.name });
  markDefinition(definition, record);
  return definition;
}
