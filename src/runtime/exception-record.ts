import { SelvageError, messageText } from '../errors';
import { hashText, type Sha256 } from '../values';
import type { ErrorCause, ExceptionRecord, StoredValue } from '../ports';
import type { Hashing } from './hashing';
import { placeTold, userFrame } from './user-frame';

/** Stacks of more bytes than this are cut in the record and kept in full in the data store. */
const TRACEBACK_BYTES = 4 * 1024;
const MESSAGE_LENGTH = 2_000;
const TYPE_LENGTH = 200;
/** Maximum number of causes and members of one error in total, and characters of each message but the first. */
const NESTED_ERRORS = 8;
const NESTED_MESSAGE_LENGTH = 500;

export interface DescribedError {
  readonly record: ExceptionRecord;
  /** The full traceback, if the record has only its beginning. */
  readonly values: readonly StoredValue[];
}

/** Identifies an error: our code, the `type` of a Temporal `ApplicationFailure`, or the error's own name. */
export function errorType(error: unknown): string {
  if (SelvageError.is(error)) return error.code;
  if (isError(error) && textOf(error, 'name') === 'ApplicationFailure') {
    return messageText(textOf(error, 'type') || 'ApplicationFailure', TYPE_LENGTH);
  }
  if (isError(error)) return messageText(textOf(error, 'name') || 'Error', TYPE_LENGTH);
  return error === null ? 'null' : typeof error;
}

/** Accepts anything, as bodies may throw anything. */
export function describeError(
  error: unknown,
  where: { runId: string; knotId: string; attempt: number },
  { sha256, digest }: Hashing,
): DescribedError {
  const { type, message, ...led } = tellError(error);
  const stack = stackOf(error);
  const bytes = new TextEncoder().encode(stack);
  const isLong = bytes.length > TRACEBACK_BYTES;
  // The traceback is stored as canonical JSON text like any value, so that readers need no special rule.
  const whole = isLong ? JSON.stringify(stack) : undefined;
  const hash = whole === undefined ? undefined : hashText(whole, digest);
  const record: ExceptionRecord = {
    id: errorId({ ...where, type, message }, sha256),
    type,
    message,
    traceback: isLong
      ? new TextDecoder().decode(bytes.subarray(0, TRACEBACK_BYTES)).replace(/\uFFFD$/, '')
      : stack,
    ...(hash && { traceback_hash: hash }),
    ...led,
    attempt: where.attempt,
  };
  return {
    record,
    values: whole !== undefined && hash ? [{ hash, bytes: new TextEncoder().encode(whole) }] : [],
  };
}

export function tellError(error: unknown): ErrorCause {
  const at = placeTold(error) ?? userFrame(stackOf(error));
  return {
    type: errorType(error),
    message: messageText(messageOf(error), MESSAGE_LENGTH),
    ...(at !== undefined && { at }),
    ...nestedOf(error, { left: NESTED_ERRORS, seen: new Set([error]) }),
  };
}

/** Type and message of an error, for use within a sentence about it. */
export function oneLineOf(error: unknown): string {
  return `${errorType(error)}: ${messageText(messageOf(error), MESSAGE_LENGTH)}`;
}

interface Telling {
  left: number;
  readonly seen: Set<unknown>;
}

function nestedOf(error: unknown, telling: Telling): Pick<ErrorCause, 'cause' | 'errors'> {
  const tell = (nested: unknown): ErrorCause[] => {
    if (telling.left === 0 || telling.seen.has(nested)) return [];
    const limit = telling.left === NESTED_ERRORS ? MESSAGE_LENGTH : NESTED_MESSAGE_LENGTH;
    telling.left -= 1;
    if (typeof nested === 'object' && nested !== null) telling.seen.add(nested);
    const at = placeTold(nested) ?? userFrame(stackOf(nested));
    return [
      {
        type: errorType(nested),
        message: messageText(messageOf(nested), limit),
        ...(at !== undefined && { at }),
        ...nestedOf(nested, telling),
      },
    ];
  };
  const cause = causeOf(error);
  const [told] = cause === undefined ? [] : tell(cause);
  const members = membersOf(error).flatMap(tell);
  return { ...(told && { cause: told }), ...(members.length > 0 && { errors: members }) };
}

function stackOf(error: unknown): string {
  return isError(error) ? messageText(textOf(error, 'stack') ?? '', Infinity) : '';
}

function messageOf(error: unknown): string {
  // Node's aggregate errors have no message of their own.
  if (isError(error)) return textOf(error, 'message') || textOf(error, 'code') || '';
  if (typeof error === 'string') return error;
  // A value without JSON has a cycle, a bigint or a getter that throws, or is a proxy whose traps throw.
  return (
    orUndefined(() => JSON.stringify(error) ?? String(error)) ??
    orUndefined(() => Object.prototype.toString.call(error)) ??
    `[${typeof error}]`
  );
}

function orUndefined<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/** Foreign errors may have properties of any type, and may throw when read. */
function textOf(
  error: Error & { readonly type?: unknown; readonly code?: unknown },
  property: 'name' | 'message' | 'stack' | 'type' | 'code',
): string | undefined {
  const value: unknown = orUndefined(() => error[property]);
  return typeof value === 'string' ? value : undefined;
}

function causeOf(error: unknown): unknown {
  return orUndefined(() => (isError(error) ? error.cause : undefined));
}

function membersOf(error: unknown): unknown[] {
  const members = orUndefined(() => {
    const { errors } = isError(error) ? (error as AggregateError) : {};
    return Array.isArray(errors) && (errorType(error) === 'AggregateError' || errors.every(isError))
      ? [...(errors as unknown[])]
      : [];
  });
  return members ?? [];
}

export { isError as isThrownError, messageOf as thrownMessage, stackOf as thrownStack };

/** Recognises errors of any realm: the body may run in a sandbox whose `Error` is not ours. */
function isError(value: unknown): value is Error {
  return (
    orUndefined(
      () =>
        value instanceof Error ||
        (typeof value === 'object' &&
          value !== null &&
          Object.prototype.toString.call(value) === '[object Error]'),
    ) ?? false
  );
}

/** Whether the error rules out a retry, like Temporal's `ApplicationFailure.nonRetryable`. */
export function isNonRetryable(error: unknown): boolean {
  return (
    orUndefined(() => (error as { nonRetryable?: unknown } | null | undefined)?.nonRetryable === true) ??
    false
  );
}

/**
 * Makes thrown values safe to inspect. A proxy may throw when asked for its class, which would look like an error of
 * ours.
 */
export function readableThrow(thrown: unknown): unknown {
  const isReadable = orUndefined(() => [thrown instanceof Error, Object.prototype.toString.call(thrown)]);
  return isReadable
    ? thrown
    : new TypeError(
        `The body threw a proxy${typeof thrown === 'function' ? ' of a function' : ''} that cannot be inspected, as its traps throw.`,
      );
}

/** An id that is equal for equal failures in any attempt. */
export function errorId(
  { runId, knotId, type, message }: Readonly<Record<'runId' | 'knotId' | 'type' | 'message', string>>,
  sha256: Sha256,
): string {
  return `err_${hashText(JSON.stringify([runId, knotId, type, message]), sha256).slice(7, 31)}`;
}
