import { SelvageError, Retryable, Terminal, isErrorCode } from '../../errors';
import { decodeJson, encodeJson, type Json } from '../../values';
import { errorType, isThrownError, tellPlace, thrownMessage, thrownStack } from '../../runtime';
import type { ToldError } from './messages';

/** Most causes and members that are told. */
const NESTED = 8;

/** Tells what was thrown to the other side. */
export function tellThrown(thrown: unknown, left = { nested: NESTED }): ToldError {
  if (!isThrownError(thrown))
    return { type: errorType(thrown), message: thrownMessage(thrown), ...saidAs(thrown) };
  const { cause, errors } = thrown as { readonly cause?: unknown; readonly errors?: unknown };
  const tell = (nested: unknown): ToldError[] => {
    if (left.nested === 0) return [];
    left.nested -= 1;
    return [tellThrown(nested, left)];
  };
  const [toldCause] = cause === undefined ? [] : tell(cause);
  const members = Array.isArray(errors) ? (errors as unknown[]).flatMap(tell) : [];
  return {
    type: errorType(thrown),
    message: thrownMessage(thrown),
    traceback: thrownStack(thrown),
    ...(toldCause && { cause: toldCause }),
    ...(members.length > 0 && { errors: members }),
    ...((Terminal.is(thrown) || (thrown as { nonRetryable?: unknown }).nonRetryable === true) && {
      isTerminal: true,
    }),
    ...(Retryable.is(thrown) && { retryAfter: thrown.after }),
    ...(SelvageError.is(thrown) && {
      details: JSON.parse(JSON.stringify(thrown.details)) as ToldError['details'],
    }),
  };
}

function saidAs(thrown: unknown): Pick<ToldError, 'thrown'> {
  try {
    return { thrown: encodeJson(thrown) };
  } catch {
    return {};
  }
}

/** Makes again what the other side has told. */
export function thrownAs(told: ToldError): unknown {
  if (told.thrown !== undefined) return decodeJson(told.thrown as Json);
  const { type, message, cause, retryAfter } = told;
  const options = cause ? { cause: thrownAs(cause) } : {};
  const error = isErrorCode(type)
    ? new SelvageError(type, message, { details: told.details ?? {}, ...options })
    : retryAfter === undefined
      ? told.isTerminal
        ? new Terminal(message, options)
        : new Error(message, options)
      : new Retryable(message, { after: retryAfter, ...options });
  if (!isErrorCode(type)) Object.defineProperty(error, 'name', { value: type });
  if (told.at !== undefined) tellPlace(error, told.at);
  error.stack = told.traceback ?? `${type}: ${message}`;
  if (told.errors) Object.defineProperty(error, 'errors', { value: told.errors.map(thrownAs) });
  return error;
}
