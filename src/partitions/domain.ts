import { SelvageError } from '../errors';

const DOMAIN = Symbol.for('selvage.partition-domain');

export type DomainKind = 'daily' | 'hourly' | 'weekly' | 'monthly' | 'list' | 'product';

/** A partition that is a span of time, as passed to bodies. */
export interface TimePartition {
  /** For example `2024-03-31`; unique within the domain. */
  readonly key: string;
  /** The first instant that belongs to it. */
  readonly start: Date;
  /** The first instant after it. */
  readonly end: Date;
}

/** A partition from a list, as passed to bodies. */
export interface ListPartition<Key extends string = string> {
  readonly key: Key;
}

/** A partition of a product, as passed to bodies: its key, and the partition of each part under the part's name. */
export type ProductPartition<Parts> = { readonly key: string } & {
  readonly [Name in keyof Parts]: PartitionOf<Parts[Name]>;
};

export type AnyPartition =
  TimePartition | ListPartition | ({ readonly key: string } & Readonly<Record<string, unknown>>);

/** The value that bodies get for a partition of a domain. */
export type PartitionOf<Domain> = Domain extends PartitionDomain<infer Value, string> ? Value : never;

/** A span of time: milliseconds since the epoch. */
export interface TimeWindow {
  readonly start: number;
  /** The first instant after it. */
  readonly end: number;
}

export interface KeyRange {
  /** Milliseconds since the epoch. Spans of time that end later do not exist yet. */
  readonly now: number;
  /** The first key. Default: the domain's first. */
  readonly from?: string | undefined;
  /** The last key, inclusive. Default: the last that exists. */
  readonly to?: string | undefined;
}

/** The partitions of a tapestry as data, as stored in its plan. */
export type DomainDescription =
  | {
      readonly kind: 'daily' | 'hourly' | 'weekly' | 'monthly';
      readonly start: string;
      readonly last?: string;
      readonly timezone: string;
      readonly firstDay?: string;
    }
  | { readonly kind: 'list'; readonly keys: readonly string[] }
  | {
      readonly kind: 'product';
      readonly parts: readonly (readonly [name: string, part: DomainDescription])[];
    };

/**
 * The partitions of a tapestry: ordered, and finitely many at any time. All results depend only on the declaration and
 * the arguments; it reads no clock.
 *
 * @typeParam Value a partition as passed to bodies
 * @typeParam Key the type of the keys
 */
export interface PartitionDomain<
  Value extends { readonly key: string } = AnyPartition,
  Key extends string = string,
> {
  readonly kind: DomainKind;
  readonly description: DomainDescription;
  /** Whether its partitions are spans of time, or contain one, so that new ones appear as time passes. */
  readonly isTimed: boolean;
  /**
   * The partition with a key, whether or not it has closed.
   *
   * @throws SelvageError `InvalidPartition` if the domain does not have the key
   */
  parse(key: string): Value & { readonly key: Key };
  /**
   * Keys in order. Spans of time that end after `now` are left out.
   *
   * @throws SelvageError `InvalidPartition` if `from` or `to` is not a key, or `from` comes after `to`
   */
  keys(range: KeyRange): Key[];
  /** The span of time of a partition; for a product, that of its first timed part. Undefined if there is none. */
  windowOf(key: string): TimeWindow | undefined;
  /**
   * The preceding partition; for a product, along its first timed part, else along its first part. Undefined for the
   * first one.
   */
  previous(key: string): Key | undefined;
  /**
   * Keys of spans of time that ended after one time and at or before another (milliseconds since the epoch), in order.
   */
  closedBetween(after: number, until: number): Key[];
  /**
   * Keys of the span of time that was last to end at or before a time: one, or for a product several. Empty for a
   * domain without spans of time.
   */
  lastClosed(time: number): Key[];
}

/** Any domain. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what it makes of a key is known where it was declared
export type AnyDomain = PartitionDomain<any, string>;

/** Marks a domain, so that it is recognised whichever realm or copy of the package made it. */
export function markDomain<Domain extends object>(domain: Domain): Domain {
  Object.defineProperty(domain, DOMAIN, { value: true });
  return Object.freeze(domain);
}

export function isPartitionDomain(value: unknown): value is AnyDomain {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, DOMAIN);
}

/** The error for an invalid declaration of a domain. */
export function wrongDomain(
  kind: DomainKind,
  option: string,
  complaint: string,
  reason: 'WrongValue' | 'UnknownOption' = 'WrongValue',
): SelvageError {
  return new SelvageError('InvalidConfig', `The "${option}" of ${kind}(…) cannot be used: ${complaint}`, {
    details: { owner: `${kind}(…)`, option, reason },
  });
}

/** The error for a key that the domain does not have. */
export function noSuchPartition(key: unknown, complaint: string, details: object = {}): SelvageError {
  return new SelvageError('InvalidPartition', `There is no partition ${shown(key)}: ${complaint}`, {
    details: { partition: typeof key === 'string' ? key : null, ...details },
  });
}

const SHOWN = 80;

export function shown(value: unknown): string {
  if (typeof value !== 'string')
    return value === null ? 'null' : Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
  return JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value);
}

/** @throws SelvageError `InvalidConfig` for any other option */
export function checkOptions(kind: DomainKind, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw wrongDomain(kind, 'options', `they must be an object with some of ${known.join(', ')}.`);
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw wrongDomain(
        kind,
        name,
        `there is no such option. There are ${known.join(', ')}.`,
        'UnknownOption',
      );
    }
  }
}
