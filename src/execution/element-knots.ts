import type { PlanInput, PlanKnot, PlanPolicy } from '../engine';
import type { LoadedPlan } from './loaded-plan';
import { listInputs } from './map-elements';

/** One element of a map, as a knot of the definition that is run for each of them. */
export interface ElementKnot extends PlanKnot {
  readonly map: PlanKnot;
  readonly position: number;
}

const SHARED = 'shared.';

/** `users[17]`, or of a plain object `users["anna"]`. */
export function elementId(map: string, at: number | string): string {
  return `${map}[${JSON.stringify(at)}]`;
}

/** The map of an element, by its id; undefined of a knot, which has no bracket in its id. */
export function mapOf(elementId: string): string | undefined {
  const bracket = elementId.indexOf('[');
  return bracket < 0 ? undefined : elementId.slice(0, bracket);
}

/** The elements of one map as knots: alike but for their ids. */
export class ElementKnots {
  private readonly common: Omit<PlanKnot, 'id'> & { readonly map: PlanKnot };

  constructor(plan: LoadedPlan, map: PlanKnot) {
    const {
      retry,
      timeout,
      cancelGrace,
      taskQueue,
      onCodeChange,
      maxConcurrent,
      ratePerSecond,
      priority,
      validate,
    } = map.policy;
    const { cache } = map.policy.map!;
    const policy: PlanPolicy = {
      ...(retry && { retry }),
      ...(timeout !== undefined && { timeout }),
      ...(cancelGrace !== undefined && { cancelGrace }),
      ...(taskQueue !== undefined && { taskQueue }),
      ...(onCodeChange && { onCodeChange }),
      ...(maxConcurrent && { maxConcurrent }),
      ...(ratePerSecond && { ratePerSecond }),
      ...(priority !== undefined && { priority }),
      ...(validate === false && { validate }),
      ...(cache && { cache }),
    };
    this.common = {
      map,
      definition: plan.plan.definitions.indexOf(plan.elementDefinitionOf(map)),
      inputs: bodyInputs(map),
      policy,
      configHash: map.configHash,
    };
  }

  /** @param key of a plain object */
  at(position: number, key: string | undefined): ElementKnot {
    const { map, definition, inputs, policy, configHash } = this.common;
    // Each by its name: to spread them takes several times as long, and there are many elements.
    const id = this.idAt(position, key);
    return { id, position, map, definition, inputs, policy, configHash };
  }

  /** @param key of a plain object */
  idAt(position: number, key: string | undefined): string {
    return elementId(this.common.map.id, key ?? position);
  }
}

/** By input of the body: the lists that its elements come from, and what is shared. */
function bodyInputs(map: PlanKnot): Record<string, PlanInput> {
  const inputs: [string, PlanInput][] = listInputs(map).map(([input, bound]) => [bound, map.inputs[input]!]);
  for (const [input, shared] of Object.entries(map.inputs)) {
    if (input.startsWith(SHARED)) inputs.push([input.slice(SHARED.length), shared]);
  }
  return Object.fromEntries(inputs);
}

/** One after the other, made when they are asked for. */
export function* allElements(
  knots: ElementKnots,
  count: number,
  keys: readonly string[] | undefined,
): Iterable<ElementKnot> {
  for (let position = 0; position < count; position++) yield knots.at(position, keys?.[position]);
}

/** What an element is in messages and lists of its map: by position, or by key. */
export function elementName(at: number | string): string {
  return `[${JSON.stringify(at)}]`;
}
