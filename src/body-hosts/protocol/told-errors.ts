import { SelvageError, Retryable, Terminal, isErrorCode } from '../../errors';
import { decodeJson, encodeJson, type Json } from '../../values';
import { waitAskedBy } from '../../values/duration';
import { errorType, isThrownError, tellPlace, thrownMessage, thrownStack } from '../../runtime';
import type { ToldError } from './messages';

/** Maximum number of an error's causes and members. */
const NESTED = 8;

/** Converts a thrown value for the other side. */
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
    ...(waitAskedBy(thrown) !== undefined && { retryAfter: waitAskedBy(thrown) }),
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

/** Codes of hosts' own errors, in any language. */
const SAID_BY_HOSTS: readonly string[] = ['BodyMissing', 'InvalidInput', 'NotDecodable', 'NotEncodable'];

/**
 * Restores an error from the other side.
 *
 * @param ofStreams error types of the call's streams here, which may come back. Any other type may be a class of the
 * user's, `InvalidKey` as well as `ValueError`
 */
export function thrownAs(told: ToldError, ofStreams?: ReadonlySet<string>): unknown {
  if (told.thrown !== undefined) return decodeJson(told.thrown as Json);
  const { type, message, cause, retryAfter } = told;
  const again = (nested: ToldError): unknown => thrownAs(nested, ofStreams);
  const options = cause ? { cause: again(cause) } : {};
  const isOurs = told.details !== undefined || SAID_BY_HOSTS.includes(type) || ofStreams?.has(type) === true;
  const code = isOurs && isErrorCode(type) ? type : undefined;
  const error = code
    ? new SelvageError(code, message, { details: told.details ?? {}, ...options })
    : retryAfter === undefined
      ? told.isTerminal
        ? new Terminal(message, options)
        : new Error(message, options)
      : new Retryable(message, { after: retryAfter, ...options });
  if (!code) Object.defineProperty(error, 'name', { value: type });
  if (told.at !== undefined) tellPlace(error, told.at);
  error.stack = told.traceback ?? `${type}: ${message}`;
  if (told.errors) Object.defineProperty(error, 'errors', { value: told.errors.map(again) });
  return error;
}
