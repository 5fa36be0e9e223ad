import { Temporal } from '@js-temporal/polyfill';
import fc from 'fast-check';
import { daily, hourly, list, monthly, product, weekly, type PartitionDomain } from '../../src/partitions';

/** Zones whose clocks change at midnight, twice, by half an hour, by a day, across midnight, or never. */
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Sao_Paulo',
  'America/Havana',
  'America/Santiago',
  'America/St_Johns',
  'America/Toronto',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Africa/Monrovia',
  'Asia/Kathmandu',
  'Asia/Beirut',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Chatham',
  'Pacific/Kwajalein',
];
const zones = fc.constantFrom(...ZONES);
const days = fc.integer({ min: Date.UTC(1910, 0, 1) / 864e5, max: Date.UTC(2037, 11, 31) / 864e5 });
const dateOf = (day: number): string => new Date(day * 864e5).toISOString().slice(0, 10);

/** The first instant of a day, by the reference implementation of the language's own calendar. */
const startOf = (date: Temporal.PlainDate, timeZone: string): number =>
  date.toZonedDateTime({ timeZone }).epochMilliseconds;

/** All partitions tile the time: each begins where the one before it ends. */
function expectTiles(domain: PartitionDomain, keys: readonly string[]): void {
  for (const [at, key] of keys.entries()) {
    const { start, end } = domain.windowOf(key)!;
    expect(start).toBeLessThan(end);
    if (at === 0) continue;
    expect(start).toBe(domain.windowOf(keys[at - 1]!)!.end);
    expect(domain.previous(key)).toBe(keys[at - 1]);
  }
}

test('a day, week or month begins and ends with the first instants that the calendar of the language gives', () => {
  fc.assert(
    fc.property(zones, days, (timezone, day) => {
      const date = Temporal.PlainDate.from(dateOf(day));
      const monday = date.subtract({ days: date.dayOfWeek - 1 });
      const month = date.with({ day: 1 });
      const cases = [
        [daily('1900-01-01', { timezone }), date, date.add({ days: 1 }), date.toString()],
        [weekly('1900-01-01', { timezone }), monday, monday.add({ days: 7 }), monday.toString()],
        [monthly('1900-01', { timezone }), month, month.add({ months: 1 }), month.toString().slice(0, 7)],
      ] as const;
      for (const [domain, first, next, key] of cases) {
        const [start, end] = [startOf(first, timezone), startOf(next, timezone)];
        if (start === end) expect(() => domain.parse(key)).toThrow('skipped');
        else expect(domain.parse(key)).toEqual({ key, start: new Date(start), end: new Date(end) });
      }
    }),
    { numRuns: 400 },
  );
});

test('an hour is the time for which clocks show it at one offset', () => {
  fc.assert(
    fc.property(zones, days, fc.nat(864e5), (timezone, day, ms) => {
      const domain = hourly('1900-01-02', { timezone });
      const instant = day * 864e5 + ms;
      const [key] = domain.lastClosed(instant);
      const { start, end } = domain.windowOf(key!)!;
      const shown = (at: number): Temporal.ZonedDateTime =>
        Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timezone);
      const [first, last, next, before] = [shown(start), shown(end - 1), shown(end), shown(start - 1)];
      const isSame = (a: Temporal.ZonedDateTime, b: Temporal.ZonedDateTime): boolean =>
        a.hour === b.hour && a.offset === b.offset && a.toPlainDate().equals(b.toPlainDate());
      expect([isSame(first, last), isSame(first, next), isSame(first, before)]).toEqual([true, false, false]);
      expect(end).toBeLessThanOrEqual(instant);
      expect(domain.windowOf(domain.lastClosed(end)[0]!)).toEqual({ start, end });
      expect(key!.slice(0, 13)).toBe(first.toString().slice(0, 13));
    }),
    { numRuns: 400 },
  );
});

const domains = fc
  .tuple(fc.constantFrom('daily', 'hourly', 'weekly', 'monthly'), zones, days)
  .map(([kind, timezone, day]): readonly [PartitionDomain, number] => {
    const date = Temporal.PlainDate.from(dateOf(day));
    const monday = date.subtract({ days: date.dayOfWeek - 1 }).toString();
    switch (kind) {
      case 'daily':
        // Monday, which no zone has skipped.
        return [daily(monday, { timezone }), 864e5];
      case 'hourly':
        return [hourly(monday, { timezone }), 36e5];
      case 'weekly':
        return [weekly(monday, { timezone }), 7 * 864e5];
      default:
        return [monthly(dateOf(day).slice(0, 7), { timezone }), 30 * 864e5];
    }
  });

test('partitions tile the time until now, in every zone, and ranges and closings cut pieces out of them', () => {
  fc.assert(
    fc.property(domains, fc.nat(60), fc.nat(60), fc.nat(60), ([domain, length], count, a, b) => {
      const { start } = domain.description as { start: string };
      const first = domain.windowOf(start)!.start;
      const now = first + count * length;
      const keys = domain.keys({ now });
      expectTiles(domain, keys);
      const last = keys.at(-1);
      if (last !== undefined) {
        expect(domain.windowOf(last)!.end).toBeLessThanOrEqual(now);
        const next = domain.lastClosed(domain.windowOf(last)!.end + 2 * length);
        expect(domain.windowOf(next[0]!)!.end).toBeGreaterThan(now);
      }
      expect(domain.lastClosed(now)).toEqual(last === undefined ? [] : [last]);
      for (const key of keys) expect(domain.parse(key).key).toBe(key);
      if (keys.length === 0) return;
      const [low, high] = [a % keys.length, b % keys.length].sort((x, y) => x - y) as [number, number];
      expect(domain.keys({ now, from: keys[low], to: keys[high] })).toEqual(keys.slice(low, high + 1));
      const ends = [low, high].map((at) => domain.windowOf(keys[at]!)!.end) as [number, number];
      expect(domain.closedBetween(...ends)).toEqual(keys.slice(low + 1, high + 1));
    }),
    { numRuns: 300 },
  );
});

test('products have the pairs in their order, under keys that lead back to the parts', () => {
  const part = fc.uniqueArray(
    fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom('a', '|', '\\', 'é') }),
    {
      minLength: 1,
      maxLength: 5,
    },
  );
  fc.assert(
    fc.property(part, part, fc.nat(), fc.nat(), (left, right, a, b) => {
      const domain = product({ left: list(left), right: list(right) });
      const pairs = left.flatMap((l) => right.map((r) => [l, r] as const));
      const keys = domain.keys({ now: 0 });
      expect(new Set(keys).size).toBe(pairs.length);
      expect(keys.map((key) => domain.parse(key))).toEqual(
        pairs.map(([l, r], at) => ({ key: keys[at], left: { key: l }, right: { key: r } })),
      );
      const [low, high] = [a % keys.length, b % keys.length].sort((x, y) => x - y) as [number, number];
      expect(domain.keys({ now: 0, from: keys[low], to: keys[high] })).toEqual(keys.slice(low, high + 1));
    }),
  );
});
