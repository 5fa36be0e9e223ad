import type { Knot, KnotOf, ValueOf, AbsenceReason } from '../knot';
import { knotRecord } from '../marks';
import type { NodeConfig } from '../node-options';
import { place } from '../place';
import { PlacedNode } from './placed-node';

export interface FirstOkOptions<K extends readonly Knot<any>[]> {
  /** The alternatives, the most preferred one first. */
  readonly of: K;
}

/**
 * Why none of the alternatives may have a value. All paths of a branch are assumed to be among the alternatives, so an
 * unselected path is no reason.
 */
export type WhyAllAbsent<K extends readonly Knot<any>[]> = true extends {
  [I in keyof K]: [AbsenceReason<K[I]>] extends [never] ? true : false;
}[number]
  ? never
  : Exclude<AbsenceReason<K[number]>, 'path'>;

/**
 * Places a knot with the value of the first alternative that is Ok, passed on by reference:
 * `firstOk({ of: [primary, fallback] }, { id: 'answer' })`. Use a `firstOk` to rejoin branches or to fall back. The
 * knot waits for all alternatives. If all were skipped, it is `Skipped('no_alternative')`. If some failed and none is
 * Ok, the knot fails with `NoAlternative`.
 *
 * @throws SelvageError InvalidConfig, and those of placing a definition
 */
export function firstOk<const K extends readonly Knot<any>[], const Id extends string>(
  options: FirstOkOptions<K>,
  config: NodeConfig<'firstOk', Id>,
): KnotOf<ValueOf<K[number]>, Id, WhyAllAbsent<K>> {
  const node = new PlacedNode('firstOk', config);
  node.requireKeys(options, ['of']);
  const { of } = options;
  if (!Array.isArray(of) || of.length === 0 || !of.every(knotRecord)) {
    throw node.refusal(
      'NotAKnot',
      'has no list of knots to choose from',
      'Give at least one: firstOk({ of: [primary, fallback] }, …).',
    );
  }
  const definition = node.definition({}, () => undefined, {
    node: 'firstOk',
    receives: 'outcomes',
  });
  return place(
    definition,
    Object.fromEntries(of.map((knot, index) => [inputName(index), knot])),
    config,
  ) as KnotOf<ValueOf<K[number]>, Id, WhyAllAbsent<K>>;
}

/** Numbers in names are padded, as plans sort inputs by name and that order must be the order of preference. */
function inputName(index: number): string {
  return `of${String(index).padStart(5, '0')}`;
}
