/** Durations of local times, which are a zone's clock readings, read as if they were UTC. */
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

const OFFSET = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/;

/**
 * The clocks of a time zone, by the JavaScript engine's data, whatever the machine's zone is. Zones keep an
 * offset for weeks, so a week that begins and ends with the same offset has that offset cached.
 */
export class Zone {
  readonly name: string;
  private readonly format: Intl.DateTimeFormat;
  private readonly startsOfWeeks = new Map<number, number>();
  private readonly offsetOfWeek = new Map<number, number | null>();

  /** @throws RangeError if there is no such zone */
  constructor(name: string) {
    // Newer engines accept offsets, too, but a declaration must mean the same on all engines.
    if (!/^[A-Za-z]/.test(name)) throw new RangeError(`no name of a time zone: ${name}`);
    this.name = name;
    this.format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  }

  /** The zone's offset at an instant, in milliseconds ahead of UTC. */
  offsetAt(instant: number): number {
    const week = Math.floor(instant / WEEK);
    let offset = this.offsetOfWeek.get(week);
    if (offset === undefined) {
      const first = this.atStartOf(week);
      offset = first === this.atStartOf(week + 1) ? first : null;
      this.offsetOfWeek.set(week, offset);
    }
    return offset ?? this.ask(instant);
  }

  /** The first instant that shows this local time; if clocks skip it, the instant of the skip. */
  firstShowing(local: number): number {
    const before = this.offsetAt(local - DAY);
    const after = this.offsetAt(local + DAY);
    if (before === after) return local - before;
    const [least, most] = before < after ? [before, after] : [after, before];
    // The larger offset belongs to the earlier instant.
    if (this.offsetAt(local - most) === most) return local - most;
    if (this.offsetAt(local - least) === least) return local - least;
    return this.changeBetween(local - most, local - least);
  }

  /** Instants that show this local time, ascending: none if clocks skip it, two if they show it twice. */
  instantsShowing(local: number): number[] {
    const offsets = new Set([local - DAY, local, local + DAY].map((instant) => this.offsetAt(instant)));
    return [...offsets]
      .map((offset) => local - offset)
      .filter((instant) => instant + this.offsetAt(instant) === local)
      .sort((one, other) => one - other);
  }

  /** Clock changes after `from` and until `to`, ascending. */
  changes(from: number, to: number): ClockChange[] {
    const found: ClockChange[] = [];
    for (let start = from; start < to; start += DAY) {
      const end = Math.min(start + DAY, to);
      const [before, after] = [this.offsetAt(start), this.offsetAt(end)];
      if (before !== after) found.push({ at: this.changeBetween(start, end), before, after });
    }
    return found;
  }

  /** The only offset change between two instants. */
  changeBetween(before: number, after: number): number {
    const offset = this.offsetAt(before);
    let [low, high] = [before, after];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offsetAt(middle) === offset) low = middle;
      else high = middle;
    }
    return high;
  }

  /** The offset at the start of a week, cached, as it is also that at the end of the week before. */
  private atStartOf(week: number): number {
    let offset = this.startsOfWeeks.get(week);
    if (offset === undefined) this.startsOfWeeks.set(week, (offset = this.ask(week * WEEK)));
    return offset;
  }

  private ask(instant: number): number {
    const [, sign, hours, minutes, seconds = '0'] = OFFSET.exec(this.format.format(instant))!;
    if (sign === undefined) return 0;
    const ahead = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
    return (sign === '-' ? -ahead : ahead) * 1_000;
  }
}

/** In milliseconds. */
export interface ClockChange {
  readonly at: number;
  /** Offsets from UTC. */
  readonly before: number;
  readonly after: number;
}

/** `2024-03-31` */
export function dateText(local: number): string {
  return new Date(local).toISOString().slice(0, 10);
}

/** A date's beginning as a local time; undefined if there is no such date, or its year is not in 1000 to 9999. */
export function readDate(text: string): number | undefined {
  if (!/^[1-9]\d{3}-\d\d-\d\d$/.test(text)) return undefined;
  const local = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(local) || dateText(local) !== text ? undefined : local;
}
