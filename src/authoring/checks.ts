import type { ErrorReason } from '../errors';
import { isObject } from '../values/kinds';
import { durationMs, durationWords } from '../values/duration';
import { didYouMean } from './names';
import { textProblem } from './texts';

export { isObject };

/** How a document may write the value of an option; a check may still refuse values of this form. */
export type Form =
  | 'number'
  | 'text'
  | 'texts'
  | 'flag'
  /** `duration`: milliseconds, or a text such as `90s`. */
  | 'duration'
  /** Options for which documents have forms of their own. */
  | 'errorPolicy'
  | 'dispatcher'
  | 'datasets'
  | 'columns'
  | { readonly oneOf: readonly string[] }
  | { readonly fields: Readonly<Record<string, Check>>; readonly required: readonly string[] }
  | { readonly either: readonly [Form, Form]; readonly expected: string };

export interface Check {
  /** Returns what the value must be, or undefined if it is valid. */
  (value: unknown): string | undefined;
  /** The form in documents; absent if documents cannot write the option, or have another key for it. */
  readonly form?: Form;
  /** A description that editors of documents show. */
  readonly about?: string | undefined;
}

/** Gives a check the form that documents write. */
export function sayable(form: Form, check: Check, about?: string): Check {
  return Object.assign((value: unknown) => check(value), { form, about });
}

export type Checks<T> = { readonly [K in keyof T]-?: Check };

export const wholeNumber = sayable('number', (value) =>
  Number.isSafeInteger(value) && (value as number) >= 1 ? undefined : 'must be a whole number, 1 or more',
);

export const positive = sayable('number', (value) =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 ? undefined : 'must be a number above 0',
);

export const isBoolean = sayable('flag', (value) =>
  typeof value === 'boolean' ? undefined : 'must be true or false',
);

/** Accepts secrets, which the message of a check would show; they are checked elsewhere. */
export const unchecked: Check = () => undefined;

export const isFunction: Check = (value) => (typeof value === 'function' ? undefined : 'must be a function');

export const text: Check = (value) =>
  typeof value === 'string' && value !== '' ? undefined : 'must be a text';

export const line = (bytes?: number): Check => sayable('text', (value) => textProblem(value, bytes)?.[1]);

export const whole = (least: number, largest: number): Check =>
  sayable('number', (value) =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= largest
      ? undefined
      : `must be a whole number from ${least} to ${largest}`,
  );

export const duration = (least: number, most = Infinity): Check => {
  const from = least > 0 ? ` of ${durationWords(least)}` : '';
  const range = most < Infinity ? `${from || ' of 0'} to ${durationWords(most)}` : from && `${from} or more`;
  return sayable('duration', (value) => {
    const read = durationMs(value);
    return read !== undefined && read >= least && read <= most
      ? undefined
      : `must be a duration${range}: milliseconds, or a text such as "90s", "15m" or "7d"`;
  });
};

export const isVariable = (example: string): Check =>
  sayable('text', (value) =>
    typeof value === 'string' && /^[A-Z][A-Z0-9_]*$/.test(value)
      ? undefined
      : `must be the name of an environment variable, such as "${example}"`,
  );

/** Kafka's own limit. */
export const LONGEST_TOPIC = 249;

export const topicName = sayable('text', (value) =>
  typeof value === 'string' &&
  /^[\w.-]+$/.test(value) &&
  value.length <= LONGEST_TOPIC &&
  !/^\.\.?$/.test(value)
    ? undefined
    : `must be the name of a topic: at most ${LONGEST_TOPIC} letters, digits and . _ -`,
);

export const texts = sayable('texts', (value) =>
  Array.isArray(value) && value.every((item) => text(item) === undefined)
    ? undefined
    : 'must be a list of texts',
);

export const oneOf = (...values: readonly string[]): Check =>
  sayable({ oneOf: values }, (value) =>
    values.includes(value as string) ? undefined : `must be ${values.map((v) => `"${v}"`).join(' or ')}`,
  );

/** Checks an object of options. The complaint names the wrong option. */
export const nested = <T>(
  checks: Checks<T>,
  required: readonly string[] = [],
): Check & { readonly form: Form } => {
  const check: Check = (value) => {
    if (!isObject(value)) return 'must be an object';
    for (const key of required) {
      if (value[key] === undefined) return `must have "${key}"`;
    }
    const problem = firstProblem(value, checks);
    return problem && `has "${problem.key}", which ${problem.complaint}`;
  };
  return Object.assign(check, { form: { fields: checks, required } });
};

export interface Problem {
  readonly reason: ErrorReason<'InvalidConfig'>;
  readonly key: string;
  readonly complaint: string;
}

export function firstProblem(
  given: Record<string, unknown>,
  checks: Readonly<Record<string, Check>>,
): Problem | undefined {
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(checks, key)) {
      const known = Object.keys(checks);
      const complaint = `is no option${didYouMean(key, known)}; there are ${known.join(', ')}`;
      return { reason: 'UnknownOption', key, complaint };
    }
    if (value === undefined) continue;
    const complaint = checks[key]!(value);
    if (complaint !== undefined)
      return { reason: 'WrongValue', key, complaint: `${complaint}, and is ${shown(value)}` };
  }
  return undefined;
}

export function shown(value: unknown): string {
  if (typeof value === 'string') return `"${value.length > 60 ? `${value.slice(0, 60)}…` : value}"`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
