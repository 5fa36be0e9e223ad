import { Zone, type ClockChange } from '../partitions';
import type { CalendarRule } from './calendar';

/** Planned times, by rules on a zone's clock or at equal distances since the epoch. */
export type TimePlan =
  | { readonly rules: readonly CalendarRule[]; readonly timezone: string }
  | { readonly everyMs: number; readonly offsetMs: number };

const DAY_MS = 86_400_000;
/** How far ahead times are searched: a leap day on a given weekday may be 40 years away. */
const HORIZON_DAYS = 41 * 366;

/** Ascending, without jitter. A time that the clock skips never occurs; a time that it shows twice occurs twice. */
export function* plannedTimes(plan: TimePlan, after: number): Generator<number, void, undefined> {
  if ('everyMs' in plan) {
    const { everyMs, offsetMs } = plan;
    let time = Math.floor((after - offsetMs) / everyMs) * everyMs + offsetMs;
    for (;;) {
      time += everyMs;
      yield time;
    }
  }
  const zone = new Zone(plan.timezone);
  const shown = after + zone.offsetAt(after);
  // The search begins a day earlier, as a jump back may repeat that day's last hour.
  const first = (Math.floor(shown / DAY_MS) - 1) * DAY_MS;
  let last = after;
  for (let index = 0; index < HORIZON_DAYS; index += 1) {
    for (const time of timesOfDay(plan.rules, zone, new Date(first + index * DAY_MS))) {
      if (time <= last) continue;
      last = time;
      yield time;
    }
  }
}

/** The planned times of a day by the clock, ascending. */
function timesOfDay(rules: readonly CalendarRule[], zone: Zone, date: Date): number[] {
  const matching = rules.filter((rule) => matchesDay(rule, date));
  if (matching.length === 0) return [];
  const times = new Set<number>();
  const noon = date.getTime() + DAY_MS / 2;
  const offset = zone.offsetAt(noon);
  const isEven = zone.offsetAt(noon - DAY_MS) === offset && zone.offsetAt(noon + DAY_MS) === offset;
  for (const rule of matching) {
    for (const local of readingsOfDay(rule, date.getTime())) {
      if (isEven) times.add(local - offset);
      else for (const instant of zone.instantsShowing(local)) times.add(instant);
    }
  }
  return [...times].sort((one, other) => one - other);
}

/** Times of the day as if the clock showed UTC. */
function readingsOfDay({ hour, minute, second }: CalendarRule, day: number): number[] {
  return hour.flatMap((h) => minute.flatMap((m) => second.map((s) => day + ((h * 60 + m) * 60 + s) * 1_000)));
}

function matchesDay({ year, month, dayOfMonth, dayOfWeek }: CalendarRule, date: Date): boolean {
  return (
    (year.length === 0 || year.includes(date.getUTCFullYear())) &&
    month.includes(date.getUTCMonth() + 1) &&
    dayOfMonth.includes(date.getUTCDate()) &&
    dayOfWeek.includes(date.getUTCDay())
  );
}

/** A planned time that a clock change removes or doubles. */
export interface DstAnomaly {
  readonly change: ClockChange;
  /** The time by the clock, also of a skipped time: `2027-03-28T02:30:00`. */
  readonly clock: string;
  readonly kind: 'skipped' | 'twice';
  /** The planned instants of the time: none, or two. */
  readonly instants: readonly number[];
}

export function oddTimes(plan: TimePlan, from: number, to: number): DstAnomaly[] {
  if ('everyMs' in plan) return [];
  const zone = new Zone(plan.timezone);
  return zone.changes(from, to).flatMap((change) => {
    // Between these two clock readings, the clock is skipped or shown twice.
    const ends = [change.at + change.before, change.at + change.after] as const;
    const [low, high] = [Math.min(...ends), Math.max(...ends)];
    const kind = change.after > change.before ? 'skipped' : 'twice';
    const readings = new Set<number>();
    for (let day = Math.floor(low / DAY_MS) * DAY_MS; day < high; day += DAY_MS) {
      for (const rule of plan.rules) {
        if (!matchesDay(rule, new Date(day))) continue;
        for (const local of readingsOfDay(rule, day)) if (local >= low && local < high) readings.add(local);
      }
    }
    return [...readings]
      .sort((one, other) => one - other)
      .map((local) => {
        const clock = new Date(local).toISOString().slice(0, 'YYYY-MM-DDTHH:mm:ss'.length);
        return { change, clock, kind, instants: zone.instantsShowing(local) } as const;
      });
  });
}
