import {
  isPartitionDomain,
  markDomain,
  noSuchPartition,
  shown,
  wrongDomain,
  type AnyDomain,
  type DomainDescription,
  type KeyRange,
  type PartitionDomain,
  type ProductPartition,
} from './domain';
import { joinKeys, splitKeys } from './key-text';

export type ProductParts = Readonly<Record<string, AnyDomain>>;

const PART_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;
const MOST = 1_000_000;

/**
 * All combinations of the partitions of domains, ordered by the first, then by the next. Keys join the parts'
 * with a bar, such as `2024-03-31|eu`, and a backslash before bars and backslashes of a part. A range may
 * begin or end with a key of the first part alone.
 *
 * @param parts named domains: `product({ day: daily(…), region: list([…]) })`
 * @throws SelvageError `InvalidConfig`
 */
export function product<const Parts extends ProductParts>(
  parts: Parts,
): PartitionDomain<ProductPartition<Parts>>;
/** A product of two domains, with the names `first` and `second`. */
export function product<A extends AnyDomain, B extends AnyDomain>(
  first: A,
  second: B,
): PartitionDomain<ProductPartition<{ readonly first: A; readonly second: B }>>;
export function product(given: ProductParts | PartitionDomain, other?: PartitionDomain): AnyDomain {
  const parts = readParts(other === undefined ? given : { first: given, second: other });
  const names = parts.map(([name]) => name);
  const domains = parts.map(([, domain]) => domain);
  const along = Math.max(
    0,
    domains.findIndex(({ isTimed }) => isTimed),
  );
  const form = names.join('|');

  const split = (key: unknown, fewest = domains.length): string[] => {
    if (typeof key !== 'string') throw noSuchPartition(key, 'the key of a partition is a text.');
    const keys = splitKeys(key);
    const isComplete = keys.length === domains.length || (keys.length === fewest && fewest > 0);
    if (!isComplete || joinKeys(keys) !== key) {
      throw noSuchPartition(
        key,
        `its form is ${form}, and a bar or a backslash within a part has a backslash before it.`,
      );
    }
    // Each part of a product reports mistakes in its own key.
    keys.forEach((part, at) => domains[at]!.parse(part));
    return keys;
  };
  const all = (lists: readonly (readonly string[])[]): string[][] => {
    const count = lists.reduce((product, { length }) => product * length, 1);
    if (count > MOST) {
      throw noSuchPartition(
        form,
        `${count} partitions are more than a product can have, ${MOST}. Give fewer keys, or a shorter range.`,
      );
    }
    return lists.reduce<string[][]>(
      (heads, keys) => heads.flatMap((head) => keys.map((key) => [...head, key])),
      [[]],
    );
  };
  const isClosed = (keys: readonly string[], now: number): boolean =>
    keys.every((key, at) => (domains[at]!.windowOf(key)?.end ?? now) <= now);
  const closesAt = (keys: readonly string[]): number =>
    Math.max(...keys.map((key, at) => domains[at]!.windowOf(key)?.end ?? Number.NEGATIVE_INFINITY));

  const keysOf = ({ now, from, to }: KeyRange): string[][] => {
    const low = from === undefined ? [] : split(from, 1);
    const high = to === undefined ? [] : split(to, 1);
    const lists = domains.map((domain, at) =>
      domain.keys(at === 0 ? { now, from: low[0], to: high[0] } : { now }),
    );
    const places = lists.map((keys) => new Map(keys.map((key, place) => [key, place])));
    /** Compares keys with a bound, which may be a prefix; positive if `keys` comes after `bound`. */
    const compare = (keys: readonly string[], bound: readonly string[]): number => {
      for (const [at, key] of bound.entries()) {
        const difference =
          (places[at]!.get(keys[at]!) ?? Number.POSITIVE_INFINITY) -
          (places[at]!.get(key) ?? Number.POSITIVE_INFINITY);
        if (difference !== 0 && !Number.isNaN(difference)) return difference;
      }
      return 0;
    };
    if (low.length > 0 && high.length > 0 && compare(low, high) > 0) {
      throw noSuchPartition(to, `the range ends before it begins, with ${from}. Exchange the two.`);
    }
    return all(lists).filter(
      (keys) => compare(keys, low) >= 0 && compare(keys, high) <= 0 && isClosed(keys, now),
    );
  };
  const isTimed = domains.some((domain) => domain.isTimed);
  const description: DomainDescription = {
    kind: 'product',
    parts: parts.map(([name, domain]) => [name, domain.description] as const),
  };
  return markDomain<AnyDomain>({
    kind: 'product',
    description: Object.freeze(description),
    isTimed,
    parse: (key) => {
      const keys = split(key);
      return {
        key,
        ...Object.fromEntries(parts.map(([name, domain], at) => [name, domain.parse(keys[at]!)])),
      };
    },
    keys: (range) => keysOf(range).map(joinKeys),
    windowOf: (key) => {
      const keys = split(key);
      return domains[along]!.windowOf(keys[along]!);
    },
    previous: (key) => {
      const keys = split(key);
      const before = domains[along]!.previous(keys[along]!);
      return before === undefined
        ? undefined
        : joinKeys(keys.map((part, at) => (at === along ? before : part)));
    },
    closedBetween: (after, until) =>
      isTimed
        ? keysOf({ now: until })
            .filter((keys) => closesAt(keys) > after)
            .map(joinKeys)
        : [],
    lastClosed: (time) => {
      if (!isTimed) return [];
      const closed = keysOf({ now: time });
      const last = closed.reduce(
        (latest, keys) => Math.max(latest, closesAt(keys)),
        Number.NEGATIVE_INFINITY,
      );
      return closed.filter((keys) => closesAt(keys) === last).map(joinKeys);
    },
  });
}

function readParts(given: unknown): (readonly [string, PartitionDomain])[] {
  if (typeof given !== 'object' || given === null || Array.isArray(given) || isPartitionDomain(given)) {
    throw wrongDomain(
      'product',
      'parts',
      'give domains by name, such as product({ day: daily("2024-01-01"), region: list(["eu", "us"]) }).',
    );
  }
  const parts = Object.entries(given);
  if (parts.length < 2) throw wrongDomain('product', 'parts', 'give at least two domains.');
  return parts.map(([name, domain]: [string, unknown]) => {
    if (name === 'key' || !PART_NAME.test(name)) {
      throw wrongDomain(
        'product',
        'parts',
        `${shown(name)} cannot name a part. Take a word of letters, digits and _ that is not "key".`,
      );
    }
    if (!isPartitionDomain(domain) || domain.kind === 'product') {
      throw wrongDomain(
        'product',
        'parts',
        `"${name}" is not what daily, hourly, weekly, monthly or list answers.`,
      );
    }
    return [name, domain] as const;
  });
}
