import { decodeJson, type Json } from '../canonical';
import type { PlanKnot } from '../engine';
import type { DefinitionRecord } from '../model/records';

/**
 * The named inputs of a knot: constants from the plan, which are Ok to a body that receives outcomes, and from the host what
 * its parents came to. Every call makes fresh copies.
 *
 * @param inputFrom of the parent with this index in the plan, wired to this input: a fresh copy of its value or, as the body receives it, its outcome
 */
export function assembleInputs(
  knot: PlanKnot,
  receives: DefinitionRecord['receives'],
  inputFrom: (parent: number, input: string) => unknown,
): Record<string, unknown> {
  const inputs: Record<string, unknown> = {};
  for (const name in knot.inputs) {
    const input = knot.inputs[name]!;
    let value = 'parent' in input ? inputFrom(input.parent, name) : constantValue(input.constant);
    if (receives === 'outcomes' && !('parent' in input)) value = { kind: 'ok', value };
    // Not a plain assignment: an input may be named `__proto__`.
    if (name === '__proto__')
      Object.defineProperty(inputs, name, { value, enumerable: true, writable: true, configurable: true });
    else inputs[name] = value;
  }
  return inputs;
}

function constantValue(constant: Json): unknown {
  return typeof constant === 'object' && constant !== null ? decodeJson(structuredClone(constant)) : constant;
}
