import { SelvageError, messageText } from '../errors';
import { hashText } from '../canonical';
import type { ExceptionRecord, StoredValue } from '../protocols';
import type { Hashing } from './hashing';
import { errorId } from './unrun-error';

/** Longer stacks are cut in the record and kept whole in the data store. */
export const TRACEBACK_BYTES = 4 * 1024;
const MESSAGE_LENGTH = 2_000;
const TYPE_LENGTH = 200;

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
  const type = errorType(error);
  const message = messageText(messageOf(error), MESSAGE_LENGTH);
  const stack = isError(error) ? messageText(textOf(error, 'stack') ?? '', Infinity) : '';
  const bytes = new TextEncoder().encode(stack);
  const isLong = bytes.length > TRACEBACK_BYTES;
  // A stored value is canonical JSON text, so that a reader needs no second rule for tracebacks.
  const whole = isLong ? JSON.stringify(stack) : undefined;
  const hash = whole === undefined ? undefined : hashText(whole, digest);
  const cause = causeOf(error);
  const record: ExceptionRecord = {
    id: errorId({ ...where, type, message }, sha256),
    type,
    message,
    traceback: isLong
      ? new TextDecoder().decode(bytes.subarray(0, TRACEBACK_BYTES)).replace(/\uFFFD$/, '')
      : stack,
    ...(hash && { traceback_hash: hash }),
    ...(cause !== undefined && {
      cause: { type: errorType(cause), message: messageText(messageOf(cause), MESSAGE_LENGTH) },
    }),
    attempt: where.attempt,
  };
  return {
    record,
    values: whole !== undefined && hash ? [{ hash, bytes: new TextEncoder().encode(whole) }] : [],
  };
}

function messageOf(error: unknown): string {
  if (isError(error)) return textOf(error, 'message') ?? '';
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
  error: Error & { readonly type?: unknown },
  property: 'name' | 'message' | 'stack' | 'type',
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

/** An error of any realm: the body may run in a sandbox whose `Error` is not ours. */
function isError(value: unknown): value is Error {
  return (
    value instanceof Error ||
    (typeof value === 'object' &&
      value !== null &&
      Object.prototype.toString.call(value) === '[object Error]')
  );
}
