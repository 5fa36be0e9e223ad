import {
  markDomain,
  noSuchPartition,
  shown,
  wrongDomain,
  type DomainDescription,
  type KeyRange,
  type PartitionDomain,
  type TimePartition,
  type TimeWindow,
} from './domain';
import { readZone, type TimeDomainOptions } from './time-options';
import { DAY, HOUR, dateText, readDate, type Zone } from './zone';

const KEY = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3])(?:(Z)|([+-])(\d\d):(\d\d)(?::(\d\d))?)$/;
const HINT =
  'it must be an hour with its offset from UTC, such as 2024-03-31T03+02:00, or 2024-03-31T03Z in UTC.';

interface Hour extends TimeWindow {
  readonly key: string;
}

/**
 * Hours: periods in which clocks show one hour at one offset from UTC. When clocks go back, an hour occurs
 * twice, with two keys; an offset change of half an hour shortens an hour. Keys contain the offset:
 * `2024-03-31T03+02:00`, in UTC `2024-03-31T03Z`.
 *
 * @param start the first hour, or a date for the first hour of that day
 * @throws SelvageError `InvalidConfig`
 */
export function hourly(start: string, options: TimeDomainOptions = {}): PartitionDomain<TimePartition> {
  const zone = readZone('hourly', options);
  const { last } = options;
  const bound = (option: 'start' | 'last', key: unknown): Hour => {
    const hour =
      typeof key === 'string' ? hourNamed(zone, key, option === 'start' ? 'from' : 'to') : undefined;
    if (hour === undefined)
      throw wrongDomain('hourly', option, `${shown(key)} names no hour in ${zone.name}: ${HINT}`);
    return hour;
  };
  const first = bound('start', start);
  const final = last === undefined ? undefined : bound('last', last);
  if (final && final.start < first.start) {
    throw wrongDomain('hourly', 'last', `${shown(last)} comes before the first partition, ${first.key}.`);
  }

  const within = (key: string, hour: Hour | undefined): Hour => {
    if (!hour) throw noSuchPartition(key, `${HINT} The time zone is ${zone.name}.`);
    if (hour.start < first.start) throw noSuchPartition(key, `the first one is ${first.key}.`);
    if (final && hour.start > final.start) throw noSuchPartition(key, `the last one is ${final.key}.`);
    return hour;
  };
  const hourOf = (key: unknown): Hour => {
    if (typeof key !== 'string') throw noSuchPartition(key, 'the key of a partition is a text.');
    return within(key, hourNamed(zone, key));
  };
  /** Hours within two instants. */
  const between = (low: number, high: number): string[] => {
    const end = Math.min(high, final?.end ?? high);
    const keys: string[] = [];
    for (let hour = hourAt(zone, low); hour.end <= end; hour = hourAt(zone, hour.end)) keys.push(hour.key);
    return keys;
  };
  const lastEnded = (time: number): Hour | undefined => {
    const now = final && final.end <= time ? final : hourAt(zone, hourAt(zone, time).start - 1);
    return now.start < first.start ? undefined : now;
  };
  const description: DomainDescription = {
    kind: 'hourly',
    start: first.key,
    ...(final && { last: final.key }),
    timezone: zone.name,
  };
  return markDomain<PartitionDomain<TimePartition>>({
    kind: 'hourly',
    description: Object.freeze(description),
    isTimed: true,
    parse: (key) => {
      const hour = hourOf(key);
      return { key: hour.key, start: new Date(hour.start), end: new Date(hour.end) };
    },
    keys: ({ now, from, to }: KeyRange) => {
      const low = from === undefined ? first : within(from, hourNamed(zone, from, 'from'));
      const high = to === undefined ? undefined : within(to, hourNamed(zone, to, 'to'));
      if (high && high.start < low.start) {
        throw noSuchPartition(to, `the range ends before it begins, with ${from}. Exchange the two.`);
      }
      return between(low.start, Math.min(now, high?.end ?? now));
    },
    windowOf: (key) => {
      const { start: begin, end } = hourOf(key);
      return { start: begin, end };
    },
    previous: (key) => {
      const { start: begin } = hourOf(key);
      return begin <= first.start ? undefined : hourAt(zone, begin - 1).key;
    },
    closedBetween: (after, until) =>
      between(Math.max(first.start, lastEnded(after)?.end ?? first.start), until),
    lastClosed: (time) => {
      const hour = lastEnded(time);
      return hour ? [hour.key] : [];
    },
  });
}

/** The hour of an instant by the clock. */
function hourAt(zone: Zone, instant: number): Hour {
  const offset = zone.offsetAt(instant);
  const local = Math.floor((instant + offset) / HOUR) * HOUR;
  const [from, to] = [local - offset, local + HOUR - offset];
  return {
    key: `${dateText(local)}T${new Date(local).toISOString().slice(11, 13)}${offsetText(offset)}`,
    start: zone.offsetAt(from) === offset ? from : zone.changeBetween(from, instant),
    end: zone.offsetAt(to - 1) === offset ? to : zone.changeBetween(instant, to - 1),
  };
}

/** With `bound`, a date stands for its first or last hour; undefined if clocks never show it. */
function hourNamed(zone: Zone, key: string, bound?: 'from' | 'to'): Hour | undefined {
  const date = bound && readDate(key);
  if (date !== undefined) {
    return hourAt(zone, bound === 'from' ? zone.firstShowing(date) : zone.firstShowing(date + DAY) - 1);
  }
  const [, day = '', hour, utc, sign, hours, minutes, seconds = '0'] = KEY.exec(key) ?? [];
  const midnight = readDate(day);
  if (midnight === undefined) return undefined;
  const ahead = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
  const offset = utc ? 0 : sign === '-' ? -ahead : ahead;
  const from = midnight + Number(hour) * HOUR - offset;
  return [from, from + HOUR - 1].map((instant) => hourAt(zone, instant)).find((shows) => shows.key === key);
}

function offsetText(offset: number): string {
  if (offset === 0) return 'Z';
  const [hours, minutes, seconds] = new Date(Math.abs(offset)).toISOString().slice(11, 19).split(':');
  return `${offset < 0 ? '-' : '+'}${hours}:${minutes}${seconds === '00' ? '' : `:${seconds}`}`;
}
