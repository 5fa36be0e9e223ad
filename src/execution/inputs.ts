import { decodeJson, type Json } from '../canonical';
import type { PlanKnot } from '../engine';

/**
 * The named inputs of a knot: constants from the plan, parents' values from the host. Every call makes fresh copies.
 *
 * @param valueOf a fresh copy of the value of the parent with this index in the plan
 */
export function assembleInputs(
  knot: PlanKnot,
  valueOf: (parent: number) => unknown,
): Record<string, unknown> {
  const inputs: Record<string, unknown> = {};
  for (const name in knot.inputs) {
    const input = knot.inputs[name]!;
    const value = 'parent' in input ? valueOf(input.parent) : constantValue(input.constant);
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
