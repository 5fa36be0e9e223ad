import {
  markDomain,
  noSuchPartition,
  shown,
  wrongDomain,
  type DomainDescription,
  type DomainKind,
  type KeyRange,
  type PartitionDomain,
  type TimePartition,
  type TimeWindow,
} from './domain';
import { readZone, type TimeDomainOptions } from './time-options';
import { DAY, dateText, readDate, type Zone } from './zone';

/** A division of the calendar into consecutively numbered pieces. */
interface Unit {
  readonly kind: DomainKind;
  readonly numberOf: (key: string) => number | undefined;
  readonly keyOf: (number: number) => string;
  readonly localOf: (number: number) => number;
  readonly numberAt: (local: number) => number;
  readonly hint: (key: string) => string;
}

/**
 * Days, each until the first instant of the next: 23 or 25 hours long at clock changes. Keys are dates, such
 * as `2024-03-31`.
 *
 * @param start date of the first day
 * @throws SelvageError `InvalidConfig`
 */
export function daily(start: string, options: TimeDomainOptions = {}): PartitionDomain<TimePartition> {
  return calendar(DAYS, start, readZone('daily', options), options);
}

const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

export interface WeeklyOptions extends TimeDomainOptions {
  /** The first day of a week. Default: `monday`. */
  readonly firstDay?: Weekday;
}

/**
 * Weeks. Keys of weeks are the dates of their first days, such as `2024-04-01`.
 *
 * @param start date of the first day of the first week
 * @throws SelvageError `InvalidConfig`
 */
export function weekly(start: string, options: WeeklyOptions = {}): PartitionDomain<TimePartition> {
  const zone = readZone('weekly', options, ['firstDay']);
  const { firstDay = 'monday' } = options;
  if (!WEEKDAYS.includes(firstDay)) {
    throw wrongDomain(
      'weekly',
      'firstDay',
      `${shown(firstDay)} is no day of the week. Give one of ${WEEKDAYS.join(', ')}.`,
    );
  }
  return calendar(weeksFrom(firstDay), start, zone, options, { firstDay });
}

/**
 * Months. Keys have the form `2024-03`.
 *
 * @param start the first month
 * @throws SelvageError `InvalidConfig`
 */
export function monthly(start: string, options: TimeDomainOptions = {}): PartitionDomain<TimePartition> {
  return calendar(MONTHS, start, readZone('monthly', options), options);
}

const DAYS: Unit = {
  kind: 'daily',
  numberOf: (key) => {
    const local = readDate(key);
    return local === undefined ? undefined : local / DAY;
  },
  keyOf: (number) => dateText(number * DAY),
  localOf: (number) => number * DAY,
  numberAt: (local) => Math.floor(local / DAY),
  hint: () => 'it must be a date such as 2024-03-31.',
};

function weeksFrom(firstDay: Weekday): Unit {
  // The first day of the epoch was a Thursday.
  const shift = WEEKDAYS.indexOf(firstDay) - WEEKDAYS.indexOf('thursday');
  const numberAt = (local: number): number => Math.floor((local / DAY - shift) / 7);
  const localOf = (number: number): number => (number * 7 + shift) * DAY;
  const keyOf = (number: number): string => dateText(localOf(number));
  const name = firstDay.replace(/^./, (letter) => letter.toUpperCase());
  return {
    kind: 'weekly',
    numberOf: (key) => {
      const local = readDate(key);
      if (local === undefined) return undefined;
      const number = numberAt(local);
      return localOf(number) === local ? number : undefined;
    },
    keyOf,
    localOf,
    numberAt,
    hint: (key) => {
      const local = readDate(key);
      if (local === undefined) return `it must be the date of a ${name}, such as ${keyOf(0)}.`;
      const number = numberAt(local);
      return `it is not a ${name}, and weeks begin on one. The nearest are ${keyOf(number)} and ${keyOf(number + 1)}.`;
    },
  };
}

const MONTHS: Unit = {
  kind: 'monthly',
  numberOf: (key) => {
    const local = readDate(`${key}-01`);
    return local === undefined ? undefined : MONTHS.numberAt(local);
  },
  keyOf: (number) => dateText(MONTHS.localOf(number)).slice(0, 7),
  localOf: (number) => Date.UTC(Math.floor(number / 12), number % 12),
  numberAt: (local) => new Date(local).getUTCFullYear() * 12 + new Date(local).getUTCMonth(),
  hint: () => 'it must be a month such as 2024-03.',
};

function calendar(
  unit: Unit,
  start: string,
  zone: Zone,
  { last }: TimeDomainOptions,
  more: { readonly firstDay?: string } = {},
): PartitionDomain<TimePartition> {
  const { kind } = unit;
  const bound = (option: string, key: unknown): number => {
    const number = typeof key === 'string' ? unit.numberOf(key) : undefined;
    if (number === undefined)
      throw wrongDomain(kind, option, `${shown(key)} names no partition: ${unit.hint(String(key))}`);
    return number;
  };
  const first = bound('start', start);
  const final = last === undefined ? Number.POSITIVE_INFINITY : bound('last', last);
  if (final < first)
    throw wrongDomain(kind, 'last', `${shown(last)} comes before the first partition, ${start}.`);

  const starts = new Map<number, number>();
  // Starts are cached, as each instant is a start and an end, and listings repeat.
  const startOf = (number: number): number => {
    let instant = starts.get(number);
    if (instant === undefined) starts.set(number, (instant = zone.firstShowing(unit.localOf(number))));
    return instant;
  };
  const windowAt = (number: number): TimeWindow => ({ start: startOf(number), end: startOf(number + 1) });
  // A day may be missing: a zone that moved across the date line skipped one.
  const exists = (number: number): boolean => {
    const { start: begin, end } = windowAt(number);
    return begin < end;
  };
  const numberOf = (key: unknown): number => {
    if (typeof key !== 'string') throw noSuchPartition(key, 'the key of a partition is a text.');
    const number = unit.numberOf(key);
    if (number === undefined) throw noSuchPartition(key, unit.hint(key));
    if (number < first) throw noSuchPartition(key, `the first one is ${start}.`);
    if (number > final) throw noSuchPartition(key, `the last one is ${last}.`);
    if (!exists(number)) throw noSuchPartition(key, `clocks in ${zone.name} have skipped it.`);
    return number;
  };
  const lastEnded = (time: number): number => {
    let number = Math.min(final, unit.numberAt(time + zone.offsetAt(time)) + 1);
    while (number >= first && windowAt(number).end > time) number -= 1;
    return number;
  };
  const between = (low: number, high: number): string[] => {
    const keys: string[] = [];
    for (let number = low; number <= high; number++) {
      if (exists(number)) keys.push(unit.keyOf(number));
    }
    return keys;
  };
  const description: DomainDescription = {
    kind: kind as 'daily',
    start,
    ...(last !== undefined && { last }),
    timezone: zone.name,
    ...more,
  };
  return markDomain<PartitionDomain<TimePartition>>({
    kind,
    description: Object.freeze(description),
    isTimed: true,
    parse: (key) => {
      const window = windowAt(numberOf(key));
      return { key, start: new Date(window.start), end: new Date(window.end) };
    },
    keys: ({ now, from, to }: KeyRange) => {
      const low = from === undefined ? first : numberOf(from);
      const high = to === undefined ? Number.POSITIVE_INFINITY : numberOf(to);
      if (high < low)
        throw noSuchPartition(to, `the range ends before it begins, with ${from}. Exchange the two.`);
      return between(low, Math.min(high, lastEnded(now)));
    },
    windowOf: (key) => windowAt(numberOf(key)),
    previous: (key) => {
      let number = numberOf(key) - 1;
      while (number >= first && !exists(number)) number -= 1;
      return number < first ? undefined : unit.keyOf(number);
    },
    closedBetween: (after, until) => between(Math.max(first, lastEnded(after) + 1), lastEnded(until)),
    lastClosed: (time) => {
      let number = lastEnded(time);
      while (number >= first && !exists(number)) number -= 1;
      return number < first ? [] : [unit.keyOf(number)];
    },
  });
}
