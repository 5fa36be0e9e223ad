import { keyProblem } from './key-text';
import {
  markDomain,
  noSuchPartition,
  shown,
  wrongDomain,
  type KeyRange,
  type ListPartition,
  type PartitionDomain,
} from './domain';

/**
 * Partitions by name, in the order given: at least one, distinct one-line texts of at most 100 bytes.
 *
 * @throws SelvageError `InvalidConfig`
 */
export function list<const Key extends string>(
  keys: readonly Key[],
): PartitionDomain<ListPartition<Key>, Key> {
  if (!Array.isArray(keys) || keys.length === 0) {
    throw wrongDomain('list', 'keys', 'give a list of at least one text, such as list(["eu", "us"]).');
  }
  const own: readonly Key[] = Object.freeze([...keys]);
  const places = new Map<string, number>();
  own.forEach((key, place) => {
    const problem = keyProblem(key);
    if (problem) throw wrongDomain('list', 'keys', `item ${place}, ${shown(key)}, ${problem}.`);
    if (places.has(key))
      throw wrongDomain('list', 'keys', `${shown(key)} is there twice. Give each key once.`);
    places.set(key, place);
  });
  const placeOf = (key: unknown): number => {
    const place = places.get(key as string);
    if (place === undefined) throw noSuchPartition(key, `there are ${someOf(own)}.`);
    return place;
  };
  return markDomain<PartitionDomain<ListPartition<Key>, Key>>({
    kind: 'list',
    description: Object.freeze({ kind: 'list', keys: own }),
    isTimed: false,
    parse: (key) => ({ key: own[placeOf(key)]! }),
    keys: ({ from, to }: KeyRange) => {
      const low = from === undefined ? 0 : placeOf(from);
      const high = to === undefined ? own.length - 1 : placeOf(to);
      if (high < low)
        throw noSuchPartition(to, `the range ends before it begins, with ${from}. Exchange the two.`);
      return own.slice(low, high + 1);
    },
    windowOf: (key) => {
      placeOf(key);
      return undefined;
    },
    previous: (key) => own[placeOf(key) - 1],
    closedBetween: () => [],
    lastClosed: () => [],
  });
}

const SHOWN_KEYS = 10;

function someOf(keys: readonly string[]): string {
  const first = keys.slice(0, SHOWN_KEYS).map(shown).join(', ');
  return keys.length > SHOWN_KEYS ? `${first} and ${keys.length - SHOWN_KEYS} more` : first;
}
