import { decodeJson, type Json } from '../values';
import type { PlanKnot } from '../plan';
import type { DefinitionRecord } from '../authoring/records';

/**
 * A knot's inputs by name, as fresh copies. A constant counts as Ok if the body receives outcomes.
 *
 * @param inputFrom takes a parent's index in the plan and the input; returns a fresh copy of its value or outcome
 */
export function assembleInputs(
  knot: PlanKnot,
  receives: DefinitionRecord['receives'],
  inputFrom: (parent: number, input: string) => unknown,
): Record<string, unknown> {
  const inputs: Record<string, unknown> = {};
  for (const name in knot.inputs) {
    const input = knot.inputs[name]!;
    let value = 'parent' in input ? inputFrom(input.parent, name) : copyOfJson(input.constant);
    if (receives === 'outcomes' && !('parent' in input)) value = { kind: 'ok', value };
    // A plain assignment fails for an input named `__proto__`.
    if (name === '__proto__')
      Object.defineProperty(inputs, name, { value, enumerable: true, writable: true, configurable: true });
    else inputs[name] = value;
  }
  return inputs;
}

/** Decodes a copy. */
export function copyOfJson(value: Json): unknown {
  return typeof value === 'object' && value !== null ? decodeJson(structuredClone(value)) : value;
}
