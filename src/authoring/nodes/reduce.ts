import { SelvageError } from '../../errors';
import type { Encodable } from '../encodable';
import type { Absence, In, Knot, KnotOf, KnotConfig, MaybeAbsent } from '../knot';
import type { KnotContext } from '../knot-context';
import type { Outcome } from '../outcome';
import { place } from '../place';
import type { KnotBody } from '../records';
import type { PolicyOf, Receives } from './aggregate';
import { PlacedNode } from './placed-node';

/** Options of a reduction of the whole list at once. */
export interface CombineOptions<T, O, R extends Receives = 'values', Why = unknown> {
  readonly of: Knot<readonly T[]> & MaybeAbsent<Why>;
  /**
   * `outcomes`: `combine` gets the `Outcome` of `of` and always runs, unless the `errorPolicy` says otherwise.
   * Default `values`.
   */
  readonly receives?: R;
  /** Reduces the list to one value; may be asynchronous, and runs at least once. */
  readonly combine: (
    list: R extends 'outcomes' ? Outcome<readonly T[]> : readonly T[],
    context: KnotContext,
  ) => O & Encodable<O>;
}

/** Reduces element by element, from the first to the last. */
export interface FoldOptions<T, A, Why = unknown> {
  readonly of: Knot<readonly T[]> & MaybeAbsent<Why>;
  /** A fold takes values. For a map with `onError: 'collect'`, the elements are outcomes. */
  readonly receives?: 'values';
  /** Returns the accumulator after one more element; may be asynchronous, as each call waits for the one before. */
  readonly fold: (accumulator: A, element: T, context: KnotContext) => (A | Promise<A>) & Encodable<A>;
  /** The accumulator before the first element, and the value for an empty list. Every attempt gets a copy of it. */
  readonly initial: In<A, Why>;
}

/**
 * Places a knot that reduces a list to one value, with its function in place:
 * `reduce({ of: prices, combine: (list) => Math.max(...list) }, { id: 'highest' })`, or element by element:
 * `reduce({ of: prices, fold: (sum, price) => sum + price, initial: 0 }, { id: 'sum' })`. If the input is no list, the
 * knot fails with `NotAList`. With `receives: 'outcomes'`, `combine` also runs if the list failed or was skipped.
 *
 * @throws SelvageError InvalidConfig, and those of placing a definition
 */
export function reduce<
  T,
  O,
  const Id extends string,
  const R extends Receives = 'values',
  Why extends Absence = never,
>(
  options: CombineOptions<T, O, R, Why>,
  config: KnotConfig<Id, PolicyOf<R>>,
): KnotOf<Awaited<O>, Id, R extends 'outcomes' ? never : Why>;
export function reduce<T, A, const Id extends string, Why extends Absence = never>(
  options: FoldOptions<T, A, Why>,
  config: KnotConfig<Id>,
): KnotOf<A, Id, Why>;
export function reduce(
  options: {
    readonly of?: unknown;
    readonly receives?: unknown;
    readonly combine?: CombineOptions<unknown, unknown, Receives>['combine'];
    readonly fold?: FoldOptions<unknown, unknown>['fold'];
    readonly initial?: unknown;
  },
  config: KnotConfig<string, PolicyOf<Receives>>,
): Knot<unknown> {
  const node = new PlacedNode('reduce', config);
  node.requireKeys(options, ['of', 'receives', 'combine', 'fold', 'initial']);
  const { of, receives, combine, fold, initial } = options;
  if (of === undefined) {
    throw node.refusal(
      'MissingPart',
      'has no list',
      'Give a knot that yields one: reduce({ of: prices, … }, …).',
    );
  }
  if (combine !== undefined && fold !== undefined) {
    throw node.refusal(
      'Conflict',
      'has both a "combine" and a "fold"',
      'Give the one that gets the whole list, or the one that gets element after element.',
    );
  }
  if (fold === undefined) {
    if (combine !== undefined && initial !== undefined) {
      throw node.refusal(
        'Conflict',
        'has both a "combine" and an "initial"',
        'Leave "initial" out, or give a "fold", which gets element after element.',
      );
    }
    const how = node.received(receives);
    const definition = node.definition({ combine }, combining(combine!, how.receives), how);
    return place(definition, { of }, config);
  }
  if (receives === 'outcomes') {
    throw node.refusal(
      'Conflict',
      'has a "fold" and receives outcomes',
      'Without a list there are no elements: give a "combine", which gets the outcome of the list. A map with `onError: \'collect\'` has a ' +
        'list of the outcomes of its elements.',
    );
  }
  if (initial === undefined) {
    throw node.refusal(
      'MissingPart',
      'has a "fold" and no "initial"',
      'Say what the accumulator is before the first element: reduce({ of, fold, initial: 0 }, …).',
    );
  }
  const definition = node.definition({ fold }, folding(fold), {
    name: 'selvage.reduce.fold',
  });
  return place(definition, { of, initial }, config);
}

function combining(
  combine: CombineOptions<unknown, unknown, Receives>['combine'],
  receives: Receives | undefined,
): KnotBody {
  if (receives !== 'outcomes')
    return ({ of }: { of: unknown }, context) => combine(listOf(of, context), context);
  return ({ of }: { of: Outcome }, context) =>
    combine(of.kind === 'ok' ? { ...of, value: listOf(of.value, context) } : of, context);
}

function folding(fold: FoldOptions<unknown, unknown>['fold']): KnotBody {
  return async ({ of, initial }: { of: unknown; initial: unknown }, context) => {
    let accumulator = initial;
    for (const element of listOf(of, context)) accumulator = await fold(accumulator, element, context);
    return accumulator;
  };
}

function listOf(value: unknown, { knotId }: KnotContext): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const what = value === null ? 'null' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
  throw new SelvageError(
    'NotAList',
    `Knot "${knotId}" reduces a list, and its input "of" is ${what}. Wire a knot that yields a list, and give its definition an output ` +
      'schema to have it checked there.',
    { details: { knot: knotId, input: 'of' } },
  );
}
