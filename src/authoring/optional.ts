import { SelvageError } from '../errors';
import { definitionOf } from './definition';
import type { Encodable } from './encodable';
import type {
  InputsFor,
  Inputs,
  KnotConfig,
  KnotDefinition,
  OptionalDefinition,
  OptionalKnot,
  OutcomeInputs,
  AnyAbsenceReason,
} from './knot';
import { markOptional, type KnotClass, type KnotClassOf } from './knot-class';
import { definitionRecord } from './marks';
import type { ErrorPolicy } from './records';

/**
 * Returns the same definition, but its knots may fail without failing the run. Children see `Skipped('optional')`, so
 * they are skipped unless they receive outcomes.
 *
 * @throws SelvageError InvalidDefinition
 */
export function optional<I, O, Policy extends ErrorPolicy>(
  definition: KnotDefinition<I, O, Policy>,
): OptionalDefinition<I, O, Policy> {
  const record = definitionRecord(definition);
  if (record === undefined) {
    throw new SelvageError(
      'InvalidDefinition',
      'What was given to `optional` is no definition. Give what `knot(…)` answered; a class extends `Optional(Knot)`.',
      { details: { given: typeof definition, reason: 'NotADefinition' } },
    );
  }
  return definitionOf(Object.freeze({ ...record, optional: true })) as OptionalDefinition<I, O, Policy>;
}

/** Base of class knots that may fail without failing the run. */
export interface OptionalKnotClass {
  place<I, O, const Id extends string>(
    this: KnotClassOf<I, O> & { readonly receives: 'outcomes' } & Encodable<O>,
    inputs: Inputs<OutcomeInputs<I>>,
    config: KnotConfig<Id, ErrorPolicy>,
  ): OptionalKnot<O, Id, 'optional'>;
  place<I, O, const Id extends string, const Given extends object>(
    this: KnotClassOf<I, O> & Encodable<O>,
    inputs: InputsFor<I, Given>,
    config: KnotConfig<Id>,
  ): OptionalKnot<O, Id, AnyAbsenceReason<Given> | 'optional'>;
}

/** `optional` for classes: `class FetchPrefs extends Optional(Knot)<Inputs, Prefs> { … }`. `base` is `Knot`. */
export function Optional(
  base: typeof KnotClass,
): OptionalKnotClass & (abstract new <I, O>() => KnotClass<I, O>) {
  abstract class OptionalKnot<I, O> extends base<I, O> {}
  markOptional(OptionalKnot);
  return OptionalKnot as unknown as ReturnType<typeof Optional>;
}
