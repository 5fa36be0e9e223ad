import { ERROR_CODES, type ErrorCode, SelvageError, docsOf, isOfClass } from '../../errors';

const STATUS = {
  InvalidRequest: 400,
  InvalidParameters: 400,
  InvalidSignal: 400,
  NotEncodable: 400,
  Unauthenticated: 401,
  UnknownPath: 404,
  UnknownRun: 404,
  UnknownSignal: 404,
  MethodNotAllowed: 405,
  RequestTimeout: 408,
  EventConflict: 409,
  EventReplayed: 409,
  RunOver: 409,
  SignalTooLate: 409,
  RequestTooLarge: 413,
  UnsupportedMediaType: 415,
  TooManyRequests: 429,
  TooManySignals: 429,
  InternalError: 500,
  BackendUnavailable: 503,
  NoWorker: 503,
  ServerUnreachable: 503,
  ShuttingDown: 503,
  SignalUnanswered: 503,
} as const satisfies Partial<Record<ErrorCode, number>>;

type ProblemCode = keyof typeof STATUS;

/** Thrown to answer a request with an error. */
export class Problem extends Error {
  constructor(
    readonly code: ProblemCode,
    /** A text for the sender: no secret, no address, and nothing about the receiver's implementation. */
    readonly detail: string,
    readonly more: {
      readonly headers?: Readonly<Record<string, string>>;
      /** Problems in the body, by path. */
      readonly errors?: readonly { readonly path: string; readonly code: string; readonly message: string }[];
      /** The cause, for the receiver's log. */
      readonly cause?: unknown;
    } = {},
  ) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause });
  }

  get status(): number {
    return STATUS[this.code];
  }
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(STATUS, code);
}

/** Problem details by RFC 9457; the field `code` is stable, and `type` is the address of its documentation. */
export function problemResponse({ code, status, detail, more }: Problem): Response {
  const document = {
    type: docsOf(code),
    title: ERROR_CODES[code].rule,
    status,
    detail,
    code,
    ...(more.errors && { errors: more.errors }),
  };
  return new Response(JSON.stringify(document), {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...more.headers },
  });
}

const RETRY_AFTER_S = '5';

export function refusal(error: SelvageError): Problem {
  const { code, details } = error;
  if (code === 'InvalidParameters') {
    const errors = details['problems'] as Problem['more']['errors'];
    return new Problem('InvalidParameters', 'The parameters that the event makes do not fit its run.', {
      ...(errors && { errors }),
      cause: error,
    });
  }
  return new Problem('InvalidRequest', 'The event cannot be made the parameters of a run.', { cause: error });
}

/** Refused signals whose messages are only about the run and the payload, so that senders may see them. */
const OF_SIGNALS: Readonly<Record<string, string>> = {
  InvalidSignal: 'The payload is not what the run waits for.',
  UnknownRun: 'There is no such run.',
  UnknownSignal: 'The run does not wait for this signal.',
  SignalTooLate: 'The run does not wait for this signal any more.',
  RunOver: 'The run is over.',
  TooManySignals: 'The run keeps as many signals as it can. Send it again later.',
  NotEncodable: 'The body has a part that cannot be kept.',
};

export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const more = { cause: error };
  if (SelvageError.is(error)) {
    const { code } = error;
    const known = OF_SIGNALS[code];
    if (known !== undefined && isProblemCode(code)) return new Problem(code, known, more);
    if (isOfClass(error, 'outage', 'backend', 'key', 'deploy')) {
      return new Problem(
        isProblemCode(code) ? code : 'BackendUnavailable',
        'Nothing can be started now. Send the same request again later: what was sent under a key starts one run.',
        { ...more, headers: { 'retry-after': RETRY_AFTER_S } },
      );
    }
  }
  return new Problem('InternalError', 'The request could not be answered.', more);
}

export function bodyWasRead(): SelvageError {
  return new SelvageError(
    'InvalidConfig',
    'The body of a request was read before its webhook got it, so that no signature can be verified. Mount the handler before parsers of bodies, such as express.json().',
    { details: { reason: 'Conflict' } },
  );
}

export function unknownPath(): Problem {
  return new Problem('UnknownPath', 'There is nothing at this path.');
}

export function methodNotAllowed(method: 'GET' | 'POST'): Problem {
  return new Problem('MethodNotAllowed', `This path takes ${method}.`, {
    headers: { allow: method === 'GET' ? 'GET, HEAD' : method },
  });
}
