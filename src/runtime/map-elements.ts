import { listParts, recordParts, type Encoded } from '../values';
import type { PlanKnot } from '../plan';
import { SelvageError } from '../errors';
import type { LoadedPlan } from './loaded-plan';

/** The lists that a map iterates over, not yet decoded. */
export interface MapElements {
  readonly count: number;
  /** Keys of the iterated object, in canonical order; absent for lists. */
  readonly keys?: readonly string[];
  /** Parts by the body's input: the element at each position, as a part of its list (see `src/values/parts.ts`). */
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

const SEVERAL = 'over.';

/** The inputs that a map iterates over, each with the body's input that gets the elements. */
export function listInputs(map: PlanKnot): (readonly [input: string, bound: string])[] {
  const { bind } = map.policy.map!;
  if (bind !== undefined) return [['over', bind]];
  return Object.keys(map.inputs)
    .filter((input) => input.startsWith(SEVERAL))
    .map((input) => [input, input.slice(SEVERAL.length)]);
}

/**
 * @param encodedOf takes a parent's index in the plan; undefined for a stored stream
 * @throws SelvageError `NotAList`, `UnequalLists`, which fail the map
 */
export function mapElements(
  plan: LoadedPlan,
  map: PlanKnot,
  encodedOf: (parent: number) => Encoded | undefined,
): MapElements {
  const inputs = listInputs(map);
  const lists = new Map<string, readonly string[]>();
  for (const [input, bound] of inputs) {
    const { parent } = map.inputs[input] as { readonly parent: number };
    const encoded = encodedOf(parent);
    const list = encoded && listParts(encoded);
    if (list) {
      lists.set(bound, list);
      continue;
    }
    const record = inputs.length === 1 && encoded ? recordParts(encoded) : undefined;
    if (!record) throw notAList(plan, map, input, parent, encoded);
    return { count: record.keys.length, keys: record.keys, lists: new Map([[bound, record.texts]]) };
  }
  const lengths = new Set([...lists.values()].map(({ length }) => length));
  if (lengths.size > 1) throw unequalLists(map, lists);
  return { count: Math.max(...lengths), lists };
}

function notAList(
  plan: LoadedPlan,
  map: PlanKnot,
  input: string,
  parent: number,
  encoded: Encoded | undefined,
): SelvageError {
  const isOne = input === 'over';
  return new SelvageError(
    'NotAList',
    `Map "${map.id}" goes over ${isOne ? 'a list or a plain object' : 'lists'}, and the value of knot "${plan.parentId(parent)}", its input ` +
      `"${input}", is ${encoded ? whatItIs(encoded) : 'a stored stream'}. Wire a knot that yields a list, and give its definition an output schema to ` +
      'have it checked there.',
    { details: { knot: map.id, input } },
  );
}

function whatItIs(encoded: Encoded): string {
  if (encoded.kind === 'bytes') return 'bytes';
  const { text } = encoded;
  if (text === 'null') return 'null';
  if (text.startsWith('"')) return 'a string';
  if (text === 'true' || text === 'false') return 'a boolean';
  if (!text.startsWith('{')) return 'a number';
  const tag = /^\{"\$type":"([^"]+)"/.exec(text)?.[1];
  return tag === undefined || tag === 'object' ? 'an object' : `of type ${tag}`;
}

function unequalLists(map: PlanKnot, lists: ReadonlyMap<string, readonly string[]>): SelvageError {
  const lengths = [...lists].map(([name, { length }]) => `"${name}" has ${length}`);
  return new SelvageError(
    'UnequalLists',
    `Map "${map.id}" goes over several lists at once, which must be of one length: ${lengths.join(', ')} elements. Make them equal in the ` +
      'knots that yield them.',
    { details: { knot: map.id } },
  );
}
