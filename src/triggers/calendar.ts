import { CronPattern } from 'croner';

/** A field's numbers: one, a list, or as in a cron expression (`'MON-FRI'`, `'9-17/2'`, `'*'`). */
export type CalendarField = number | string | readonly number[];

/** Times of which all fields match. Months and month days count from 1, weekdays from 0 (Sunday). */
export interface Calendar {
  /** Default 0. */
  readonly second?: CalendarField;
  /** Default 0. */
  readonly minute?: CalendarField;
  /** Default 0. */
  readonly hour?: CalendarField;
  /** Default: every day. */
  readonly dayOfMonth?: CalendarField;
  /** Default: every month. */
  readonly month?: CalendarField;
  /** Default: every day. */
  readonly dayOfWeek?: CalendarField;
  /** Years from 2000 to 2100. Default: every year. */
  readonly year?: CalendarField;
}

/** Matching numbers of each field, ascending. An empty year means all years. */
export type CalendarRule = Readonly<Record<keyof Calendar, readonly number[]>>;

/** Fields in the order of a cron expression of seven fields. */
const DEFAULTS: Readonly<Record<keyof Calendar, CalendarField>> = {
  second: 0,
  minute: 0,
  hour: 0,
  dayOfMonth: '*',
  month: '*',
  dayOfWeek: '*',
  year: '*',
};

export const CALENDAR_FIELDS = Object.keys(DEFAULTS) as readonly (keyof Calendar)[];
const FIRST_YEAR = 2000;
const LAST_YEAR = 2100;

const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** The problem's message is the end of a sentence about an expression or a calendar. */
export class CalendarProblem extends Error {}

/**
 * Rules of a cron expression of five fields, or of a nickname such as `@daily`. As in crontab, restricted
 * days of the month and restricted days of the week match by either, which makes two rules.
 *
 * @throws CalendarProblem
 */
export function rulesOfCron(cron: string): CalendarRule[] {
  const text = cron.trim();
  if (/^(?:CRON_)?TZ=/.test(text))
    throw new CalendarProblem('names a time zone: give that as the option "timezone"');
  if (text.startsWith('@every')) throw new CalendarProblem('is an interval: use the option "every"');
  const fields = (NICKNAMES[text.toLowerCase()] ?? text).split(/\s+/);
  if (text.startsWith('@') && fields.length === 1)
    throw new CalendarProblem(`is no nickname that there is; there are ${Object.keys(NICKNAMES).join(', ')}`);
  if (fields.length !== 5) {
    throw new CalendarProblem(
      `has ${fields.length} ${fields.length === 1 ? 'field' : 'fields'} and not five (minute, hour, day of the month, month, day of the week); for seconds ` +
        'or years use the option "calendar"',
    );
  }
  const [minute, hour, dayOfMonth, month, dayOfWeek] = fields as [string, string, string, string, string];
  const calendar = { minute, hour, month };
  const isEither = !dayOfMonth.startsWith('*') && !dayOfWeek.startsWith('*');
  const rules = isEither
    ? [
        { ...calendar, dayOfMonth },
        { ...calendar, dayOfWeek },
      ]
    : [{ ...calendar, dayOfMonth, dayOfWeek }];
  return rules.map((rule) => ruleOfCalendar(rule));
}

/** @throws CalendarProblem */
export function ruleOfCalendar(calendar: Calendar): CalendarRule {
  for (const name of Object.keys(calendar)) {
    if (!Object.hasOwn(DEFAULTS, name))
      throw new CalendarProblem(`has "${name}", which is no field; there are ${CALENDAR_FIELDS.join(', ')}`);
  }
  const texts = CALENDAR_FIELDS.map((name) => fieldText(name, calendar[name] ?? DEFAULTS[name]));
  let pattern: CronPattern;
  try {
    pattern = new CronPattern(texts.join(' '), undefined, { mode: '7-part', sloppyRanges: true });
  } catch (error) {
    const reason = (error as Error).message.replace(/^CronPattern: /, '');
    throw new CalendarProblem(`cannot be read: ${reason.replace(/configuration entry \d+ /, 'the field ')}`, {
      cause: error,
    });
  }
  const rule: CalendarRule = {
    second: matching(pattern.second, 0),
    minute: matching(pattern.minute, 0),
    hour: matching(pattern.hour, 0),
    dayOfMonth: matching(pattern.day, 1),
    month: matching(pattern.month, 1),
    dayOfWeek: matching(pattern.dayOfWeek.slice(0, 7), 0),
    year: pattern.starYear ? [] : matching(pattern.year, 0),
  };
  const [first, last] = [rule.year[0], rule.year.at(-1)];
  if (first !== undefined && (first < FIRST_YEAR || last! > LAST_YEAR))
    throw new CalendarProblem(`has years beyond ${FIRST_YEAR} to ${LAST_YEAR}`);
  if (!hasDay(rule)) throw new CalendarProblem('matches no day of any year');
  return rule;
}

/** A field accepts the server's syntax; the parsing library accepts more. */
const FIELD = /^[0-9A-Za-z*,/-]+$/;
const WORDS = /^(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|SUN|MON|TUE|WED|THU|FRI|SAT)$/i;

function fieldText(name: keyof Calendar, field: CalendarField): string {
  const text = Array.isArray(field) ? field.join(',') : String(field);
  const isKnown = FIELD.test(text) && (text.match(/[A-Za-z]+/g) ?? []).every((word) => WORDS.test(word));
  if (!isKnown)
    throw new CalendarProblem(
      `has ${JSON.stringify(text)} as ${name}: a field has numbers, *, ranges (1-5), steps (*/15), lists (1,15) and names of months and days (JAN, MON)`,
    );
  return text;
}

function matching(bits: readonly number[], first: number): number[] {
  return bits.flatMap((bit, index) => (bit ? [index + first] : []));
}

const LEAP_YEAR = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function hasDay({ month, dayOfMonth }: CalendarRule): boolean {
  return month.some((number) => dayOfMonth.some((day) => day <= LEAP_YEAR[number - 1]!));
}
