import { SelvageError } from '../errors';
import { isTapestry, type Tapestry } from '../authoring';
import { duration } from '../authoring/checks';
import { checkName } from '../authoring/names';
import { durationMs, type Duration } from '../values/duration';
import { declareTrigger, type TriggerDeclaration } from './declaration';
import {
  isVerification,
  requireOptions,
  wrongValue,
  type CustomVerifier,
  type Verification,
} from './verification';

/** The required form of a request's body, and its value. */
export type WebhookBody =
  /** `application/json`, or a type that ends with `+json`. Without a body, the value is undefined. */
  | 'json'
  /** `text/…`, in UTF-8. */
  | 'text'
  /** Any type of content is accepted; the value is a `Uint8Array`. */
  | 'bytes'
  /** `application/x-www-form-urlencoded`: the value is an object of texts; a repeated name has a list. */
  | 'form';

/** A request as passed to a webhook's `map`. */
export interface WebhookEvent<Body = unknown> {
  readonly body: Body;
  /** Headers by lower-case names, without secrets and signatures. */
  readonly headers: Readonly<Record<string, string>>;
  /** The request's key: each key starts one run. */
  readonly id: string;
}

export interface WebhookLimits {
  /** At most this many bytes of a body, at most 16 MiB. Default 1 MiB. A longer body is refused (413) early. */
  readonly body?: number;
  /** How long the body may take to arrive: 100 ms to 5 minutes. Default 10 s. A slower body is refused (408). */
  readonly time?: Duration;
  /**
   * Verified requests: `perSecond` on average, `burst` at once (default: a second's). More requests are refused (429).
   * Default: no limit.
   */
  readonly rate?: { readonly perSecond: number; readonly burst?: number };
  /** At most this many concurrent starts of runs for requests. Default 100. More requests are refused (429). */
  readonly window?: number;
  /** Longest wait by `?wait=10s`. Default 60 s; 0: no wait. */
  readonly wait?: Duration;
}

interface CommonOptions {
  /** The trigger's name in records and run ids. Default: by the path; `/hooks/github` becomes `hooks-github`. */
  readonly id?: string;
  /** How senders are verified. `false`: no verification, anybody who reaches the path may start runs. Required. */
  readonly verify: Verification | CustomVerifier | false;
  /** How bodies are read. Default `json`. */
  readonly body?: WebhookBody;
  readonly limits?: WebhookLimits;
}

export interface WebhookOptions<Parameters extends object> extends CommonOptions {
  /** For example `/hooks/github`. */
  readonly path: string;
  /**
   * Returns the parameters of the run; undefined or null starts no run (the response is 200). If `map` throws, the
   * event is refused (400). Default: the parameters are the body, and `{}` for an absent one.
   */
  readonly map?: (
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what senders send has no type here
    event: WebhookEvent<any>,
  ) => Parameters | undefined | null | Promise<Parameters | undefined | null>;
  /** Whether a run's status URL gives the values of its terminals. Default true. */
  readonly outputs?: boolean;
}

export interface WebhookSignalOptions extends CommonOptions {
  /** A path such as `/approvals/:run` with the run id for `:run`; or without `:run`, with the option `run`. */
  readonly path: string;
  /** Returns the id of the signal's run. Prefer this to `:run`, since no signature covers a path. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  readonly run?: (event: WebhookEvent<any>) => string | Promise<string>;
  /** Returns the payload; undefined or null sends nothing. Default: the body. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  readonly map?: (event: WebhookEvent<any>) => unknown;
}

/** Checked options, with defaults. */
export interface CheckedWebhook {
  readonly path: string;
  readonly verify: Verification | CustomVerifier | false;
  readonly body: WebhookBody;
  readonly limits: {
    readonly body: number;
    readonly window: number;
    /** Milliseconds, like `wait`. */
    readonly time: number;
    readonly wait: number;
    readonly rate?: { readonly perSecond: number; readonly burst: number };
  };
  readonly map?: (event: WebhookEvent) => unknown;
  readonly outputs: boolean;
}

export interface CheckedWebhookSignal extends Omit<CheckedWebhook, 'outputs'> {
  readonly signal: string;
  readonly run?: (event: WebhookEvent) => string | Promise<string>;
}

export type WebhookDeclaration = TriggerDeclaration<'webhook', CheckedWebhook>;
export type WebhookSignalDeclaration = TriggerDeclaration<'webhook-signal', CheckedWebhookSignal>;

const COMMON = ['id', 'path', 'verify', 'body', 'limits', 'map'];
const BODIES: readonly WebhookBody[] = ['json', 'text', 'bytes', 'form'];
const RUN_SEGMENT = ':run';
const SEGMENT = /^[A-Za-z0-9._~-]+$/;
const LONGEST_PATH = 200;

const MIB = 1024 * 1024;
const LARGEST_BODY = 16 * MIB;
const LONGEST_WAIT = 300_000;

/**
 * Starts a run for each verified request to a path, once per key. `selvage serve`, `serve` or
 * `toFetchHandler` make it work.
 *
 * @throws SelvageError `InvalidConfig`, `InvalidName`
 */
export function webhook<Parameters extends object, Values extends object>(
  tapestry: Tapestry<Parameters, Values>,
  options: WebhookOptions<Parameters>,
): WebhookDeclaration {
  if (!isTapestry(tapestry)) {
    throw new SelvageError('InvalidConfig', 'webhook needs a tapestry as its first argument.', {
      details: { reason: 'MissingPart' },
    });
  }
  requireOptions('webhook', options, [...COMMON, 'outputs']);
  const { outputs = true } = options;
  const path = checkedPath('webhook', options.path);
  const what = `webhook "${path}"`;
  if (path.includes(':'))
    throw wrongValue('webhook', 'path', `is "${path}"; a webhook that starts runs has no part with a colon`);
  if (typeof outputs !== 'boolean') throw wrongValue(what, 'outputs', 'must be true or false');
  return declareTrigger({
    kind: 'webhook',
    id: checkedId(options.id, path),
    tapestry,
    options: { ...checkedCommon(what, path, options), outputs },
  });
}

/**
 * Sends the signal `name` to a run for each verified request, once per key.
 *
 * @throws SelvageError `InvalidConfig`, `InvalidName`
 */
export function webhookSignal(name: string, options: WebhookSignalOptions): WebhookSignalDeclaration {
  checkName('signal', name);
  requireOptions('webhookSignal', options, [...COMMON, 'run']);
  const path = checkedPath('webhookSignal', options.path);
  const what = `webhookSignal "${path}"`;
  const { run } = options;
  if (run !== undefined && typeof run !== 'function')
    throw wrongValue(what, 'run', 'must be a function that answers the id of a run');
  if (path.includes(RUN_SEGMENT) === (run !== undefined)) {
    throw new SelvageError(
      'InvalidConfig',
      run === undefined
        ? `${what} does not say which run gets the signal. Give \`run\`, or a path such as "${path}/${RUN_SEGMENT}".`
        : `${what} has both \`run\` and "${RUN_SEGMENT}" in its path. Leave one of them out.`,
      { details: { option: 'run', reason: run === undefined ? 'MissingPart' : 'Conflict' } },
    );
  }
  return declareTrigger({
    kind: 'webhook-signal',
    id: checkedId(options.id, path),
    options: { ...checkedCommon(what, path, options), signal: name, ...(run && { run }) },
  });
}

type Common = Pick<CheckedWebhook, 'path' | 'verify' | 'body' | 'limits' | 'map'>;

function checkedCommon(
  what: string,
  path: string,
  options: WebhookOptions<object> | WebhookSignalOptions,
): Common {
  const { verify, body = 'json', map, limits = {} } = options;
  if (verify === undefined) {
    throw new SelvageError(
      'InvalidConfig',
      `${what} does not say who may call it. Give \`verify\`: standardWebhooks, github, bearer or a function; or, where anybody may, \`verify: false\`.`,
      { details: { option: 'verify', reason: 'MissingPart' } },
    );
  }
  if (verify !== false && typeof verify !== 'function' && !isVerification(verify))
    throw wrongValue(
      what,
      'verify',
      'must be made by standardWebhooks, github or bearer, or be a function or false',
    );
  if (!BODIES.includes(body))
    throw wrongValue(what, 'body', `must be one of ${BODIES.map((each) => `"${each}"`).join(', ')}`);
  if (map !== undefined && typeof map !== 'function') throw wrongValue(what, 'map', 'must be a function');
  return { path, verify, body, limits: checkedLimits(what, limits), ...(map && { map }) };
}

function checkedLimits(what: string, given: WebhookLimits): CheckedWebhook['limits'] {
  requireOptions(`${what}: limits`, given, ['body', 'time', 'rate', 'window', 'wait']);
  const { body = MIB, window = 100, rate } = given;
  const time = durationOf(what, 'limits.time', given.time ?? 10_000, 100);
  const wait = durationOf(what, 'limits.wait', given.wait ?? 60_000, 0);
  requireWhole(what, 'limits.body', body, 1, LARGEST_BODY);
  requireWhole(what, 'limits.window', window, 1, 10_000);
  if (rate === undefined) return { body, time, window, wait };
  requireOptions(`${what}: limits.rate`, rate, ['perSecond', 'burst']);
  const { perSecond } = rate;
  if (!Number.isFinite(perSecond) || perSecond <= 0)
    throw wrongValue(what, 'limits.rate.perSecond', 'must be a number above 0');
  const burst = rate.burst ?? Math.max(1, Math.ceil(perSecond));
  requireWhole(what, 'limits.rate.burst', burst, 1, 1_000_000);
  return { body, time, window, wait, rate: { perSecond, burst } };
}

function durationOf(what: string, option: string, value: unknown, least: number): number {
  const problem = duration(least, LONGEST_WAIT)(value);
  if (problem) throw wrongValue(what, option, problem);
  return durationMs(value)!;
}

function requireWhole(what: string, option: string, value: unknown, least: number, most: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return;
  throw wrongValue(
    what,
    option,
    `must be a whole number from ${least} to ${most.toLocaleString('en')}, not ${String(value)}`,
  );
}

function checkedPath(what: string, path: unknown): string {
  if (typeof path !== 'string' || path.length > LONGEST_PATH || !isPath(path)) {
    throw wrongValue(
      what,
      'path',
      `must be a path such as "/hooks/github": parts of letters, digits and . _ ~ -, at most ${LONGEST_PATH} characters, without a query and a slash at its end`,
    );
  }
  return path;
}

function isPath(path: string): boolean {
  const [before, ...segments] = path.split('/');
  return (
    before === '' &&
    segments.length > 0 &&
    segments.every(
      (segment) => segment === RUN_SEGMENT || (SEGMENT.test(segment) && segment !== '.' && segment !== '..'),
    ) &&
    segments.filter((segment) => segment === RUN_SEGMENT).length <= 1
  );
}

/** The limit of a name leaves room in run ids for the hash of a key. */
const LONGEST_ID = 100;

function checkedId(given: string | undefined, path: string): string {
  const id =
    given ??
    path
      .slice(1)
      .replaceAll(/\/?:run/g, '')
      .replaceAll('/', '-');
  checkName('trigger', id);
  if (id.length <= LONGEST_ID) return id;
  throw new SelvageError(
    'InvalidName',
    `The trigger name "${id.slice(0, 20)}…" cannot be used: it must have at most ${LONGEST_ID} characters, and has ${id.length}. Choose another \`id\`.`,
    { details: { what: 'trigger', name: id, reason: 'TooLong' } },
  );
}
