/** Values of JavaScript as numbers of a fixed width: counts of the units of their type. */
import { daysOf, timeOf, timestampOf, unitsOfMilliseconds } from './times';
import type { ColumnType, FixedKind } from './types';

const MILLISECONDS_PER_DAY = 86_400_000;

/** A type whose values are numbers of a fixed width. */
export type FixedType = Extract<ColumnType, { kind: 'time64' | 'timestamp' }> | { readonly kind: FixedKind };

/** Refuses a value, and says why. */
export type Fail = (why: string) => never;

/** Reads the number of a value of a fixed width, which is exact or refused. Some values come in units already. */
export function unitsReader(
  type: FixedType,
  isInUnits = false,
): (value: unknown, fail: Fail) => number | bigint {
  switch (type.kind) {
    case 'float32':
    case 'float64':
      return (value, fail) => floatOf(value, type.kind as 'float32' | 'float64', fail);
    case 'date32':
      return (value, fail) => inRange(isInUnits ? (value as number) : dateOf(value, fail), 32, true, fail);
    case 'time64':
      return (value, fail) => {
        if (typeof value === 'bigint') return inRange(value, 64, true, fail);
        return typeof value === 'string'
          ? orFail(timeOf(value, type.unit), fail)
          : fail('give HH:MM:SS.ffffff');
      };
    case 'timestamp':
      return (value, fail) => inRange(instantOf(value, type, fail), 64, true, fail);
    default: {
      const signed = !type.kind.startsWith('u');
      const bits = Number(type.kind.slice(signed ? 'int'.length : 'uint'.length));
      return (value, fail) => {
        if (typeof value === 'number' && !Number.isInteger(value)) fail('it is no integer');
        if (typeof value !== 'number' && typeof value !== 'bigint') return fail('give a number or a bigint');
        return inRange(value, bits, signed, fail);
      };
    }
  }
}

function inRange(value: number | bigint, bits: number, signed: boolean, fail: Fail): number | bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    fail('a number of this size is not exact. Give a bigint');
  }
  const [low, high] = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1)] : [0, 2 ** bits];
  // JavaScript compares bigints and numbers exactly.
  return value >= low && value < high ? value : fail('it is out of range');
}

function floatOf(value: unknown, kind: 'float32' | 'float64', fail: Fail): number {
  if (typeof value !== 'number' && typeof value !== 'bigint') return fail('give a number');
  const number = Number(value);
  const kept = kind === 'float32' ? Math.fround(number) : number;
  if (typeof value === 'bigint' && (!Number.isFinite(kept) || BigInt(kept) !== value))
    fail('it is not exact as a float');
  if (Number.isFinite(number) && !Number.isFinite(kept)) fail('it is out of range');
  return kept;
}

function dateOf(value: unknown, fail: Fail): number | bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'string') return daysOf(value) ?? fail('it is no date of the form YYYY-MM-DD');
  const days = millisecondsOf(value, 'give YYYY-MM-DD', fail) / MILLISECONDS_PER_DAY;
  return Number.isInteger(days) ? days : fail('it has a time of day in UTC. Give YYYY-MM-DD');
}

function instantOf(
  value: unknown,
  { unit, tz }: Extract<ColumnType, { kind: 'timestamp' }>,
  fail: Fail,
): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'string') return orFail(timestampOf(value, unit, tz), fail);
  const milliseconds = millisecondsOf(value, 'give a text of ISO 8601, a Date or a bigint of units', fail);
  return (
    unitsOfMilliseconds(milliseconds, unit) ?? fail('it has milliseconds, which the unit s does not keep')
  );
}

function millisecondsOf(value: unknown, advice: string, fail: Fail): number {
  // Dates of another realm, such as a test's, are no instances of this one's class.
  if (Object.prototype.toString.call(value) !== '[object Date]') return fail(advice);
  const milliseconds = (value as Date).getTime();
  return Number.isNaN(milliseconds) ? fail('it is an invalid date') : milliseconds;
}

/** A result, or a refusal with what is wrong. */
export function orFail(result: bigint | string, fail: Fail): bigint {
  return typeof result === 'string' ? fail(result) : result;
}
