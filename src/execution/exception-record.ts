import { SelvageError, messageText } from '../errors';
import { hashText } from '../canonical';
import type { ErrorCause, ExceptionRecord, StoredValue } from '../protocols';
import type { Hashing } from './hashing';
import { errorId } from './unrun-error';
import { userFrame } from './user-frame';

/** Longer stacks are cut in the record and kept whole in the data store. */
export const TRACEBACK_BYTES = 4 * 1024;
const MESSAGE_LENGTH = 2_000;
const TYPE_LENGTH = 200;
/** Causes and members of one error, all together, and the characters of each but the first. */
const NESTED_ERRORS = 8;
const NESTED_MESSAGE_LENGTH = 500;

export interface DescribedError {
  readonly record: ExceptionRecord;
  /** The whole traceback, where the record has only its beginning. */
  readonly values: readonly StoredValue[];
}

/**
 * The name by which an error is told apart: the stable code of ours, the `type` that a Temporal `ApplicationFailure` was given, else
 * the error's own name.
 */
export function errorType(error: unknown): string {
  if (SelvageError.is(error)) return error.code;
  if (isError(error) && textOf(error, 'name') === 'ApplicationFailure') {
    return messageText(textOf(error, 'type') || 'ApplicationFailure', TYPE_LENGTH);
  }
  if (isError(error)) return messageText(textOf(error, 'name') || 'Error', TYPE_LENGTH);
  return error === null ? 'null' : typeof error;
}

/** The record of why a knot failed. Anything may have been thrown, not only errors. */
export function describeError(
  error: unknown,
  where: { runId: string; knotId: string; attempt: number },
  { sha256, digest }: Hashing,
): DescribedError {
  const { type, message, ...led } = tellError(error);
  const stack = stackOf(error);
  const bytes = new TextEncoder().encode(stack);
  const isLong = bytes.length > TRACEBACK_BYTES;
  // A stored value is canonical JSON text, so that a reader needs no second rule for tracebacks.
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

/** What an error is, where it was made and what led to it. */
export function tellError(error: unknown): ErrorCause {
  const at = userFrame(stackOf(error));
  return {
    type: errorType(error),
    message: messageText(messageOf(error), MESSAGE_LENGTH),
    ...(at !== undefined && { at }),
    ...nestedOf(error, { left: NESTED_ERRORS, seen: new Set([error]) }),
  };
}

/** How many errors may still be told of, and which have been. */
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
    const at = userFrame(stackOf(nested));
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
  // Errors of Node that stand for several have no message of their own.
  if (isError(error)) return textOf(error, 'message') || textOf(error, 'code') || '';
  if (typeof error === 'string') return error;
  try {
    return JSON.stringify(error) ?? String(error);
  } catch {
    // A cycle, a bigint, a getter that throws.
    return Object.prototype.toString.call(error);
  }
}

/** A property of a foreign error, which may be anything and may throw when it is read. */
function textOf(
  error: Error & { readonly type?: unknown; readonly code?: unknown },
  property: 'name' | 'message' | 'stack' | 'type' | 'code',
): string | undefined {
  try {
    const value: unknown = error[property];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function causeOf(error: unknown): unknown {
  try {
    return isError(error) ? error.cause : undefined;
  } catch {
    return undefined;
  }
}

function membersOf(error: unknown): unknown[] {
  try {
    const { errors } = isError(error) ? (error as AggregateError) : {};
    return Array.isArray(errors) && (errorType(error) === 'AggregateError' || errors.every(isError))
      ? errors
      : [];
  } catch {
    return [];
  }
}

/** An error of any realm: the body may run in a sandbox whose `Error` is not ours. */
function isError(value: unknown): value is Error {
  return (
    value instanceof Error ||
    (typeof value === 'object' &&
      value !== null &&
      Object.prototype.toString.call(value) === '[object Error]')
  );
}
