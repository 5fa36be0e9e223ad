import { SelvageError } from '../errors';

const DOMAIN = Symbol.for('selvage.partition-domain');

export type DomainKind = 'daily' | 'hourly' | 'weekly' | 'monthly' | 'list' | 'product';

/** A partition with a time span, as passed to bodies. */
export interface TimePartition {
  /** The partition's key, such as `2024-03-31`; unique within the domain. */
  readonly key: string;
  /** First instant of the partition. */
  readonly start: Date;
  /** The first instant after the partition. */
  readonly end: Date;
}

/** As passed to bodies. */
export interface ListPartition<Key extends string = string> {
  readonly key: Key;
}

/** A partition of a product, as passed to bodies: the key, and each part's partition by the part's name. */
export type ProductPartition<Parts> = { readonly key: string } & {
  readonly [Name in keyof Parts]: PartitionOf<Parts[Name]>;
};

export type AnyPartition =
  TimePartition | ListPartition | ({ readonly key: string } & Readonly<Record<string, unknown>>);

/** The value for bodies. */
export type PartitionOf<Domain> = Domain extends PartitionDomain<infer Value, string> ? Value : never;

/** A span of time, in milliseconds since the epoch. */
export interface TimeWindow {
  readonly start: number;
  /** The first instant after the window. */
  readonly end: number;
}

export interface KeyRange {
  /** The time in milliseconds since the epoch, after which time spans do not exist yet. */
  readonly now: number;
  /** Key of the first partition; if omitted, the domain's first. */
  readonly from?: string | undefined;
  /** Key of the last partition, inclusive; if omitted, the last that exists. */
  readonly to?: string | undefined;
}

/** A domain as stored in the plan. */
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

/** The partitions of a tapestry: ordered, finite at any time, and independent of clocks. */
export interface PartitionDomain<
  Value extends { readonly key: string } = AnyPartition,
  Key extends string = string,
> {
  readonly kind: DomainKind;
  readonly description: DomainDescription;
  /** Whether partitions are, or contain, time spans, so that new ones appear. */
  readonly isTimed: boolean;
  /** The partition of a key, also an open one. @throws SelvageError `InvalidPartition` for another key */
  parse(key: string): Value & { readonly key: Key };
  /**
   * Keys in order, without time spans that end after `now`. @throws SelvageError `InvalidPartition` for a wrong range
   */
  keys(range: KeyRange): Key[];
  /** The time span of a partition, for a product of its first timed part; undefined if there is none. */
  windowOf(key: string): TimeWindow | undefined;
  /** The partition before; of a product, along its first timed part, else its first part. Undefined for the first. */
  previous(key: string): Key | undefined;
  /** Keys of time spans that ended after `after` and at or before `until` (ms since the epoch), in order. */
  closedBetween(after: number, until: number): Key[];
  /** Keys of the last time span that ended at or before a time: none, one or, for a product, several. */
  lastClosed(time: number): Key[];
}

/** Any domain. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what it makes of a key is known where it was declared
export type AnyDomain = PartitionDomain<any, string>;

/** Makes a domain recognisable in other realms and copies of the package. */
export function markDomain<Domain extends object>(domain: Domain): Domain {
  Object.defineProperty(domain, DOMAIN, { value: true });
  return Object.freeze(domain);
}

export function isPartitionDomain(value: unknown): value is AnyDomain {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, DOMAIN);
}

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

/** @throws SelvageError `InvalidConfig` for other options */
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
