import fc from 'fast-check';
import type { ErrorPolicy, KnotOptions } from '../../src/authoring/records';

export interface Graph {
  /** Parents by knot; they have lower numbers. The first `parameters` knots have none. */
  readonly parentsOf: readonly (readonly number[])[];
  readonly parameters: number;
}

/** A graph with at least one knot besides its parameters. */
export function arbitraryGraph(maximumSize = 24): fc.Arbitrary<Graph> {
  return fc
    .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: maximumSize }))
    .chain(([parameters, others]) => {
      const lists = Array.from({ length: others }, (_, place) => {
        const before = parameters + place;
        if (before === 0) return fc.constant<number[]>([]);
        return fc.uniqueArray(fc.integer({ min: 0, max: before - 1 }), { maxLength: 4 });
      });
      return fc.tuple(...lists).map((parentsOf) => ({
        parameters,
        parentsOf: [...Array.from({ length: parameters }, () => []), ...parentsOf],
      }));
    });
}

/** The options that decide about a knot if some of its parents are not Ok. */
export interface Policies extends Pick<KnotOptions<ErrorPolicy>, 'errorPolicy'> {
  readonly optional?: boolean;
}

/** Policies for `size` knots; most of them the default. */
export function arbitraryPolicies(size: number): fc.Arbitrary<Policies[]> {
  const policies = fc.record({
    errorPolicy: fc.constantFrom<ErrorPolicy>(
      'skipIfParentFailed',
      'skipIfParentFailed',
      'receiveErrors',
      'requireAllParents',
    ),
    optional: fc.constantFrom(false, false, true),
  });
  return fc.array(policies, { minLength: size, maxLength: size });
}
