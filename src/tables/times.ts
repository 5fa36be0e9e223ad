/** Dates and times as texts of ISO 8601, in both directions and with the full precision of their unit. */
import type { TimeUnit } from './types';

const DIGITS: Readonly<Record<TimeUnit, number>> = { s: 0, ms: 3, us: 6, ns: 9 };
const SECONDS_PER_DAY = 86_400;
const DAYS_PER_ERA = 146_097;
const YEARS_PER_ERA = 400;
/** The days from 0000-03-01, with which an era of the computation begins, to 1970-01-01. */
const EPOCH = 719_468;

const DATE = /^(\d{4}|[+-]\d{6,})-(\d\d)-(\d\d)$/;
const TIME = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?$/;
const OFFSET = /(?:Z|([+-])(\d\d):?(\d\d))$/;

/** `2026-01-31`; years beyond four digits have a sign and at least six. */
export function dateText(days: number): string {
  const shifted = days + EPOCH;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const day = shifted - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (day - Math.floor(day / 1460) + Math.floor(day / 36_524) - Math.floor(day / 146_096)) / 365,
  );
  const dayOfYear = day - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = yearOfEra + era * YEARS_PER_ERA + (month <= 2 ? 1 : 0);
  return `${yearText(year)}-${padded(month, 2)}-${padded(dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1, 2)}`;
}

/** The days since 1970-01-01; undefined for what is no date of the calendar. */
export function daysOf(text: string): number | undefined {
  const found = DATE.exec(text);
  if (!found) return undefined;
  const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])];
  const fromMarch = year - (month <= 2 ? 1 : 0);
  const era = Math.floor(fromMarch / YEARS_PER_ERA);
  const yearOfEra = fromMarch - era * YEARS_PER_ERA;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  const days = era * DAYS_PER_ERA + dayOfEra - EPOCH;
  // What the calendar lacks, such as 31 February, is the text of another day.
  return dateText(days) === text ? days : undefined;
}

/** `23:59:59.000000`, with the digits of the unit. */
export function timeText(value: bigint, unit: TimeUnit): string {
  if (value < 0n) return `-${timeText(-value, unit)}`;
  const perSecond = 10n ** BigInt(DIGITS[unit]);
  const seconds = Number(value / perSecond);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const fraction = unit === 's' ? '' : `.${String(value % perSecond).padStart(DIGITS[unit], '0')}`;
  return `${clock.map((part) => padded(part, 2)).join(':')}${fraction}`;
}

/** The units since midnight, or what is wrong with the text. */
export function timeOf(text: string, unit: TimeUnit): bigint | string {
  const [, hours, minutes, seconds = '0', fraction = ''] = TIME.exec(text) ?? [];
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59 || hours === undefined) {
    return 'it is no time of the form HH:MM:SS.ffffff';
  }
  const kept = fraction.slice(0, DIGITS[unit]);
  if (/[1-9]/.test(fraction.slice(kept.length))) return `it has more digits than the unit ${unit} keeps`;
  const whole = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return BigInt(`${whole}${kept.padEnd(DIGITS[unit], '0')}`);
}

/** ISO 8601 with the digits of the unit; with a time zone the time is that of UTC, and ends in `Z`. */
export function timestampText(value: bigint, unit: TimeUnit, tz: string | undefined): string {
  const perDay = BigInt(SECONDS_PER_DAY) * 10n ** BigInt(DIGITS[unit]);
  const time = ((value % perDay) + perDay) % perDay;
  const days = Number((value - time) / perDay);
  return `${dateText(days)}T${timeText(time, unit)}${tz === undefined ? '' : 'Z'}`;
}

/** The units since 1970, or what is wrong with the text. */
export function timestampOf(text: string, unit: TimeUnit, tz: string | undefined): bigint | string {
  const separator = text.search(/[T ]/);
  const offset = OFFSET.exec(text.slice(separator + 1));
  if (tz !== undefined && !offset) return 'it has neither Z nor an offset from UTC, which its type asks for';
  if (tz === undefined && offset) {
    return `it has ${offset[0]}, and its type has no time zone. Declare timestamp[${unit}, tz=UTC]`;
  }
  const days = separator < 0 ? undefined : daysOf(text.slice(0, separator));
  if (days === undefined) return 'it is no date and time of ISO 8601';
  const time = timeOf(text.slice(separator + 1, text.length - (offset?.[0].length ?? 0)), unit);
  if (typeof time === 'string') return time;
  const [hours, minutes] = [Number(offset?.[2] ?? 0), Number(offset?.[3] ?? 0)];
  if (hours > 23 || minutes > 59) return `its offset ${offset![0]} is beyond 23:59`;
  const shift = (offset?.[1] === '-' ? -1 : 1) * (hours * 60 + minutes) * 60;
  return (BigInt(days) * BigInt(SECONDS_PER_DAY) - BigInt(shift)) * 10n ** BigInt(DIGITS[unit]) + time;
}

/** The units since 1970 of milliseconds since then; undefined if the unit is too coarse for them. */
export function unitsOfMilliseconds(milliseconds: number, unit: TimeUnit): bigint | undefined {
  if (unit === 's') return milliseconds % 1000 === 0 ? BigInt(milliseconds / 1000) : undefined;
  return BigInt(milliseconds) * 10n ** BigInt(DIGITS[unit] - DIGITS.ms);
}

function yearText(year: number): string {
  if (year >= 0 && year <= 9999) return padded(year, 4);
  return `${year < 0 ? '-' : '+'}${padded(Math.abs(year), 6)}`;
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}
