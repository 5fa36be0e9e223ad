import { SelvageError, type ErrorReason } from '../errors';
import type { Encodable } from './encodable';
import { makeDefinition } from './definition-record';
import type { InputsFor, Inputs, Knot, KnotOf, KnotConfig, OutcomeInputs, AnyAbsenceReason } from './knot';
import type { KnotContext } from './knot-context';
import { definitionRecord, markDefinition } from './marks';
import { place } from './place';
import type { DefinitionRecord, ErrorPolicy, KnotOptions } from './records';
import type { StandardSchema } from './standard-schema';

declare const SIGNATURE: unique symbol;

/** The static side of a class knot. */
export interface KnotClassOf<I, O> {
  new (): KnotClass<I, O>;
  /** Name of the definition. Each class states its own name, which is not inherited. */
  readonly knotName: string;
  readonly version?: string;
  readonly input?: StandardSchema<any, NoInfer<I>>;
  readonly output?: StandardSchema<any, NoInfer<O>>;
  /**
   * `outcomes`: every input of `process` is an `Outcome`. Declare `receives` as `static readonly`, to give it the
   * literal type. Default `values`.
   */
  readonly receives?: string;
  /** Options of every placement that does not set its own. */
  readonly options?: KnotOptions<ErrorPolicy>;
}

/** Base of class knots, exported as `Knot`. Every attempt gets a new, frozen instance, so instances hold no state. */
export abstract class KnotClass<I, O> {
  declare readonly [SIGNATURE]?: { readonly inputs: I; readonly output: O };

  /** The body, which runs at least once, as for `knot()`; its result counts once. */
  abstract process(inputs: I, context: KnotContext): O | Promise<O>;

  /** Places the class in a tapestry, like calling a definition made by `knot()`. */
  static place<I, O, const Id extends string>(
    this: KnotClassOf<I, O> & { readonly receives: 'outcomes' } & Encodable<O>,
    inputs: Inputs<OutcomeInputs<I>>,
    config: KnotConfig<Id, ErrorPolicy>,
  ): Knot<O, Id>;
  static place<I, O, const Id extends string>(
    this: KnotClassOf<I, O> & Encodable<O>,
    inputs: Inputs<I, never>,
    config: KnotConfig<Id>,
  ): Knot<O, Id>;
  static place<I, O, const Id extends string, const Given extends object>(
    this: KnotClassOf<I, O> & Encodable<O>,
    inputs: InputsFor<I, Given>,
    config: KnotConfig<Id>,
  ): KnotOf<O, Id, AnyAbsenceReason<Given>>;
  static place(this: KnotClassOf<any, any>, inputs: Inputs<any>, config: KnotConfig): Knot<any> {
    return place(definitionOfClass(this), inputs, config);
  }
}

const BASE = Symbol.for('selvage.knot-class');
const OPTIONAL = Symbol.for('selvage.optional-knot-class');
Object.defineProperty(KnotClass, BASE, { value: true });
Object.defineProperty(KnotClass, 'name', { value: 'Knot' });

/** Marks a base class between `Knot` and the user's classes, whose subclasses are optional. */
export function markOptional(base: object): void {
  Object.defineProperties(base, { [BASE]: { value: true }, [OPTIONAL]: { value: true } });
  Object.defineProperty(base, 'name', { value: 'Optional(Knot)' });
}

/** Whether a value is a class that extends `Knot`; false for `Knot` itself. */
export function isKnotClass(value: unknown): value is KnotClassOf<unknown, unknown> {
  return (
    typeof value === 'function' &&
    !Object.hasOwn(value, BASE) &&
    (value as unknown as Record<symbol, unknown>)[BASE] === true
  );
}

function isOptionalClass(type: KnotClassOf<any, any>): boolean {
  return (type as unknown as Record<symbol, unknown>)[OPTIONAL] === true;
}

/** The definition of a class; the first call checks the class and makes it. */
export function definitionOfClass(type: KnotClassOf<any, any>): DefinitionRecord {
  const known = definitionRecord(type);
  if (known !== undefined) return known;
  if (!isKnotClass(type)) {
    throw malformed(
      type,
      'NotADefinition',
      'is no definition',
      'Write one: class FetchPrefs extends Knot<Inputs, Output> { … }.',
    );
  }
  if (!Object.hasOwn(type, 'knotName')) {
    throw malformed(type, 'MissingName', 'has no name', `Add \`static knotName = '…'\` to the class itself.`);
  }
  refuseState(type);
  const { knotName, version, input, output, receives, options = {} } = type;
  const record = makeDefinition(
    knotName,
    { ...options, version, input, output, receives },
    (inputs, context) => Object.freeze(new type()).process(inputs, context),
    { code: type, source: sourceOfClass(type) },
  );
  const marked = isOptionalClass(type) ? Object.freeze({ ...record, optional: true as const }) : record;
  markDefinition(type, marked);
  return marked;
}

function refuseState(type: KnotClassOf<any, any>): void {
  let instance: KnotClass<unknown, unknown>;
  try {
    instance = new type();
  } catch (cause) {
    throw malformed(
      type,
      'NotConstructible',
      'cannot be made: its constructor throws',
      'A knot class needs no constructor; pass what it needs as inputs or through `ctx.resources`.',
      cause,
    );
  }
  if (typeof instance.process !== 'function') {
    throw malformed(type, 'MissingBody', 'has no body', 'Add a `process(inputs, ctx)` method.');
  }
  const fields = Reflect.ownKeys(instance).map(String);
  if (fields.length > 0) {
    throw malformed(
      type,
      'KeepsState',
      `keeps state in ${fields.map((field) => `"${field}"`).join(', ')}`,
      'Bodies run in many processes and many times: pass it as an input, through `ctx.resources`, or make it static.',
    );
  }
}

function malformed(
  type: KnotClassOf<any, any>,
  reason: ErrorReason<'InvalidDefinition'>,
  what: string,
  remedy: string,
  cause?: unknown,
): SelvageError {
  return new SelvageError('InvalidDefinition', `The knot class ${type.name} ${what}. ${remedy}`, {
    details: { class: type.name, reason },
    cause,
  });
}

/** Sources of the class and of its bases below `Knot`: a change in any of them changes the body. */
function sourceOfClass(type: KnotClassOf<any, any>): string {
  const sources: string[] = [];
  for (let link: unknown = type; isKnotClass(link); link = Object.getPrototypeOf(link)) {
    sources.push(Function.prototype.toString.call(link));
  }
  return sources.join('\n');
}
