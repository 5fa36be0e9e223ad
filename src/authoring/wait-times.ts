/** The greatest number of milliseconds from the epoch that a `Date` can hold. */
const LAST_TIME = 8.64e15;

/** Milliseconds to wait; undefined if the value is not a duration. */
export function durationOf(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= LAST_TIME ? value : undefined;
}

/** Milliseconds since the epoch; undefined if the value is not a time. */
export function timeOf(value: unknown): number | undefined {
  const time = isDate(value) ? value.getTime() : value;
  return typeof time === 'number' && Math.abs(time) <= LAST_TIME ? time : undefined;
}

/** Recognises dates of any realm. */
function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === '[object Date]';
}
