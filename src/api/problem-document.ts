import type { Json } from '../values';
import { ERROR_CODES, SelvageError, classOf, docsOf, type ErrorClass, type ErrorCode } from '../errors';

/** Status of codes that differ from their class. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  Unauthenticated: 401,
  CrossSiteRequest: 403,
  ScopeMissing: 403,
  UiReadOnly: 403,
  UnknownEmitter: 404,
  UnknownKnot: 404,
  UnknownPath: 404,
  UnknownRun: 404,
  UnknownSchedule: 404,
  UnknownStream: 404,
  UnknownTapestry: 404,
  UnknownValue: 404,
  MethodNotAllowed: 405,
  NotResumable: 409,
  NotKept: 410,
  Redacted: 410,
  SubjectForgotten: 410,
  ValueMissing: 410,
  RequestTimeout: 408,
  RequestTooLarge: 413,
  UnsupportedMediaType: 415,
  TooManyRequests: 429,
  InternalError: 500,
};
/** Status by class of errors; classes not listed are client errors (400). */
const STATUS_OF_CLASS: Partial<Record<ErrorClass, number>> = {
  state: 409,
  outage: 503,
  backend: 503,
  key: 503,
  deploy: 503,
  damaged: 500,
};

/** Larger details of an error are left out. */
const DETAILS_BYTES = 16 * 1024;

/** A problem by RFC 9457. `code` is stable, and `type` the address of its documentation. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly details?: Json;
}

/** The answer to an error. Errors that are not Selvage's are only logged: the caller learns nothing about them. */
export function problemDocument(error: unknown): ProblemDocument {
  if (!SelvageError.is(error)) {
    const detail =
      'The question could not be answered; the log of the process that serves this page says why.';
    return document('InternalError', 500, detail);
  }
  const { code, message } = error;
  const details = detailsOf(error);
  const status = STATUS[code] ?? STATUS_OF_CLASS[classOf(error) ?? 'input'] ?? 400;
  return { ...document(code, status, message), ...(details !== undefined && { details }) };
}

function document(code: ErrorCode, status: number, detail: string): ProblemDocument {
  return { type: docsOf(code), title: ERROR_CODES[code].rule, status, detail, code };
}

function detailsOf({ details }: SelvageError): Json | undefined {
  if (Object.keys(details).length === 0) return undefined;
  try {
    const text = JSON.stringify(details);
    return text.length <= DETAILS_BYTES ? (JSON.parse(text) as Json) : undefined;
  } catch {
    // Some details cannot be expressed in JSON.
    return undefined;
  }
}
