import { hashText } from '../values';
import type { PlanInput, PlanKnot, PlanPolicy } from '../plan';
import type { LoadedPlan } from './loaded-plan';
import { listInputs } from './map-elements';

/** One element of a map, as a knot of the definition that runs for each element. */
export interface ElementKnot extends PlanKnot {
  readonly map: PlanKnot;
  readonly position: number;
}

export function isElement(knot: PlanKnot): knot is ElementKnot {
  return 'map' in knot;
}

const SHARED = 'shared.';

/** Longest key (in characters of JSON) that an id contains in full, as databases index records by id. */
const LONGEST_KEY = 200;
const KEY_BEGINNING = 100;
const HASH_DIGITS = 24;

function shortKey(at: number | string): string {
  const key = JSON.stringify(at);
  if (typeof at === 'number' || key.length <= LONGEST_KEY) return key;
  const digits = hashText(key).slice('sha256:'.length).slice(0, HASH_DIGITS);
  return `${JSON.stringify(at.slice(0, KEY_BEGINNING))}~${digits}`;
}

/** Options of a map's policy that apply to its elements. */
const OF_BODIES = [
  'retry',
  'timeout',
  'cancelGrace',
  'taskQueue',
  'host',
  'onCodeChange',
  'maxConcurrent',
  'ratePerSecond',
  'priority',
  'validate',
  'logs',
] as const satisfies readonly (keyof PlanPolicy)[];

/** The elements of one map as knots, equal except for their ids and positions. */
export class ElementKnots {
  private readonly common: Omit<PlanKnot, 'id'> & { readonly map: PlanKnot };

  constructor(plan: LoadedPlan, map: PlanKnot) {
    const { cache } = map.policy.map!;
    const given = OF_BODIES.flatMap((name) =>
      map.policy[name] === undefined ? [] : [[name, map.policy[name]]],
    );
    const policy: PlanPolicy = { ...Object.fromEntries(given), ...(cache && { cache }) };
    this.common = {
      map,
      definition: plan.plan.definitions.indexOf(plan.elementDefinitionOf(map)),
      inputs: bodyInputs(map),
      policy,
      configHash: map.configHash,
    };
  }

  at(position: number, key: string | undefined): ElementKnot {
    const { map, definition, inputs, policy, configHash } = this.common;
    // Fields are assigned by name: spreading takes several times as long, and there are many elements.
    const id = this.idAt(position, key);
    return { id, position, map, definition, inputs, policy, configHash };
  }

  idAt(position: number, key: string | undefined): string {
    return this.common.map.id + elementName(key ?? position);
  }
}

/** The body's inputs by name: the lists that its elements come from, and the shared inputs. */
function bodyInputs(map: PlanKnot): Record<string, PlanInput> {
  const inputs: [string, PlanInput][] = listInputs(map).map(([input, bound]) => [bound, map.inputs[input]!]);
  for (const [input, shared] of Object.entries(map.inputs)) {
    if (input.startsWith(SHARED)) inputs.push([input.slice(SHARED.length), shared]);
  }
  return Object.fromEntries(inputs);
}

export function* allElements(
  knots: ElementKnots,
  count: number,
  keys: readonly string[] | undefined,
): Iterable<ElementKnot> {
  for (let position = 0; position < count; position++) yield knots.at(position, keys?.[position]);
}

/** `[17]`, or for a plain object `["anna"]`. A long key is cut, with a unique hash behind its quotes. */
export function elementName(at: number | string): string {
  return `[${shortKey(at)}]`;
}
