import { SelvageError } from '../errors';
import type { Knot, KnotDefinition } from './knot';
import { definitionOfClass, isKnotClass, type KnotClassOf } from './knot-class';
import { definitionRecord, knotRecord, tapestryRecord } from './marks';
import type { DefinitionRecord, KnotRecord, TapestryRecord } from './records';
import type { Tapestry } from './tapestry';

/** Whether a value is a tapestry, also one of another realm or copy of the package. */
export function isTapestry(value: unknown): value is Tapestry<any, any> {
  return tapestryRecord(value) !== undefined;
}

/** Closes a tapestry, as the plan of a run would lack later additions. Throws `InvalidConfig` for other values. */
export function recordOf(value: Tapestry<any, any>): TapestryRecord;
export function recordOf(value: Knot<any>): KnotRecord;
export function recordOf(value: KnotDefinition<any, any> | KnotClassOf<any, any>): DefinitionRecord;
export function recordOf(value: unknown): TapestryRecord | KnotRecord | DefinitionRecord {
  const tapestry = tapestryRecord(value);
  if (tapestry !== undefined) {
    tapestry.closed = true;
    return tapestry;
  }
  const record = knotRecord(value) ?? definitionRecord(value);
  if (record !== undefined) return record;
  if (isKnotClass(value)) return definitionOfClass(value);
  throw new SelvageError(
    'InvalidConfig',
    `A tapestry, knot or definition was expected, and ${typeof value === 'object' ? 'another object' : typeof value} was given. ` +
      'Give what tapestry(), knot() or a placement answered.',
    { details: { reason: 'WrongValue' } },
  );
}
