import { duration, isBoolean, isObject, shown, unchecked } from '../authoring/checks';
import type { Refusal } from '../authoring/refusal';
import { readSecretSources, secretFrom, type Secret, type SecretSource } from '../authoring/secrets';
import { durationMs, type Duration } from '../values/duration';
import { declareEmitter, type EmitterDeclaration, type EmitterOptions } from './declaration';
import { readEmitterOptions } from './emitter-options';
import { ENVELOPE, ENVELOPE_CHECKS, type Envelope, type EnvelopeOptions } from './envelope';

/** A receiver of events. */
export interface WebhookEndpoint {
  /** `https://…`; or its environment variable, as some addresses are secrets. */
  readonly url: SecretSource;
  /** Signs requests by Standard Webhooks; several secrets, during a change, each sign. `false`: no signature. */
  readonly secret: SecretSource | readonly SecretSource[] | false;
  /** Extra headers, such as `authorization`. Values may be in environment variables. */
  readonly headers?: Readonly<Record<string, SecretSource>>;
}

interface CommonOptions extends EnvelopeOptions, Omit<EmitterOptions, 'filter' | 'from'> {
  /** One request per delivery, as `application/cloudevents-batch+json`. Default: one request per event. */
  readonly batch?: boolean;
  /** Limit for the answer to a request. Default 15 s. */
  readonly requestTimeout?: Duration;
  /** Allows addresses of this machine and of private networks, names that lead to them, and `http:`. Default false. */
  readonly allowPrivateNetworks?: boolean;
}

type Heard = Pick<EmitterOptions, 'filter' | 'from'>;

export interface WebhookEmitterOptions extends CommonOptions, WebhookEndpoint, Heard {
  readonly endpoints?: undefined;
}

export interface WebhookEndpointsOptions extends CommonOptions {
  /** By name. Each endpoint is its own emitter, `<name>/<endpoint>`, so a failing one holds up no other. */
  readonly endpoints: Readonly<Record<string, WebhookEndpoint & Heard>>;
  readonly url?: undefined;
}

type Own = Omit<WebhookEmitterOptions, keyof EmitterOptions | 'endpoints'> &
  Required<Pick<WebhookEmitterOptions, keyof typeof DEFAULTS>>;

export interface WebhookEmitterSettings extends Envelope {
  readonly url: Secret;
  /** Empty: no signatures. */
  readonly secrets: readonly Secret[];
  /** By lower-case names. */
  readonly headers: Readonly<Record<string, Secret>>;
  readonly batch: boolean;
  readonly requestTimeout: number;
  readonly allowPrivateNetworks: boolean;
}

export type WebhookEmitterDeclaration = EmitterDeclaration<'webhook', WebhookEmitterSettings>;

const REQUEST_TIMEOUT_MS = 15_000;
const LONGEST_REQUEST_MS = 600_000;
/** A request per event is slow, and after a failure, delivered events of the batch may be repeated. */
const BATCH_SIZE = 50;
const DISABLE_AFTER = '5d';
const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
const HEADER_VALUE = /^[\t -~]*$/;
const OWN_HEADERS = /^(?:webhook-.*|host|content-.*|connection|transfer-encoding|expect|te|upgrade)$/;

/**
 * Sends CloudEvents by HTTP, signed by Standard Webhooks. With `endpoints`, returns an emitter for each.
 *
 * @throws SelvageError `InvalidName`, `InvalidConfig`, `WeakSecret`. No message has a part of a secret.
 */
export function webhookEmitter(options: WebhookEmitterOptions): WebhookEmitterDeclaration;
export function webhookEmitter(options: WebhookEndpointsOptions): readonly WebhookEmitterDeclaration[];
export function webhookEmitter(
  options: WebhookEmitterOptions | WebhookEndpointsOptions,
): WebhookEmitterDeclaration | readonly WebhookEmitterDeclaration[] {
  if (!isObject(options) || options.endpoints === undefined)
    return declared(options as WebhookEmitterOptions);
  const { endpoints, ...common } = options as unknown as WebhookEndpointsOptions;
  const { refuse, common: read } = readEmitterOptions('webhook', common, CHECKS, {});
  if (!isObject(endpoints) || Object.keys(endpoints).length === 0)
    throw refuse('endpoints', `must be an object with an endpoint by name, and is ${shown(endpoints)}`);
  return Object.entries(endpoints).map(([name, endpoint]) => {
    if (!isObject(endpoint)) throw refuse('endpoints', `has "${name}", which must be an object`);
    return declared({ ...common, ...endpoint, name: `${read.name}/${name}` });
  });
}

const CHECKS = {
  ...ENVELOPE_CHECKS,
  url: unchecked,
  secret: unchecked,
  headers: unchecked,
  batch: isBoolean,
  requestTimeout: duration(1, LONGEST_REQUEST_MS),
  allowPrivateNetworks: isBoolean,
  endpoints: unchecked,
};
const DEFAULTS = { ...ENVELOPE, batch: false, allowPrivateNetworks: false };

function declared(options: WebhookEmitterOptions): WebhookEmitterDeclaration {
  const read = readEmitterOptions<WebhookEmitterOptions, Own>('webhook', options, CHECKS, DEFAULTS);
  const { common, refuse } = read;
  const { secret, requestTimeout = REQUEST_TIMEOUT_MS, ...own } = read.own;
  const settings: WebhookEmitterSettings = {
    ...own,
    url: urlOf(own.url, own.allowPrivateNetworks, refuse),
    secrets: secretsOf(common.name, secret, refuse),
    headers: headersOf(own.headers, refuse),
    requestTimeout: durationMs(requestTimeout)!,
  };
  return declareEmitter({
    kind: 'webhook',
    ...common,
    batchSize: options.batchSize ?? (settings.batch ? common.batchSize : BATCH_SIZE),
    disableAfter: common.disableAfter ?? durationMs(DISABLE_AFTER)!,
    options: Object.freeze(settings),
  });
}

function urlOf(given: unknown, allowPrivateNetworks: boolean, refuse: Refusal): Secret {
  const url = sourceOf('url', given, refuse);
  const text = url.reveal();
  const complaint = text === undefined ? undefined : urlComplaint(text, allowPrivateNetworks);
  if (complaint !== undefined) throw refuse('url', complaint);
  return url;
}

/** A complaint that follows "it", without the option's text, which may be a secret. */
export function urlComplaint(text: string, allowPrivateNetworks: boolean): string | undefined {
  if (!URL.canParse(text)) return 'must be a URL';
  const { protocol, username, password } = new URL(text);
  if (protocol !== 'https:' && protocol !== 'http:') return 'must begin with "https://"';
  if (protocol === 'http:' && !allowPrivateNetworks)
    return 'must begin with "https://"; "http://" needs "allowPrivateNetworks"';
  return username === '' && password === ''
    ? undefined
    : 'has a user or a password: give the header "authorization" instead';
}

function secretsOf(name: string, given: unknown, refuse: Refusal): readonly Secret[] {
  if (given === false) return [];
  if (given === undefined)
    throw refuse(
      'secret',
      'is missing: it signs the requests. Where the receiver checks no signature, write false',
      'MissingPart',
    );
  return readSecretSources(`the emitter "${name}"`, 'standard-webhooks', given);
}

function headersOf(given: unknown, refuse: Refusal): Readonly<Record<string, Secret>> {
  if (given === undefined) return {};
  if (!isObject(given)) throw refuse('headers', `must be an object, and is ${shown(given)}`);
  const headers = Object.entries(given).map(([name, value]): [string, Secret] => {
    const lower = name.toLowerCase();
    if (!HEADER_NAME.test(lower)) throw refuse('headers', `has ${shown(name)}, which is no name of a header`);
    if (OWN_HEADERS.test(lower)) throw refuse('headers', `has "${name}", which each request has by itself`);
    const source = sourceOf(`headers.${lower}`, value, refuse);
    if (!isHeaderValue(source.reveal() ?? ''))
      throw refuse('headers', `has "${name}", whose value must be printable ASCII`);
    return [lower, source];
  });
  return Object.freeze(Object.fromEntries(headers));
}

export function isHeaderValue(text: string): boolean {
  return HEADER_VALUE.test(text);
}

function sourceOf(option: string, given: unknown, refuse: Refusal): Secret {
  const source = secretFrom(given);
  if (source) return source;
  throw refuse(
    option,
    `must be a text, or { env: 'NAME' } with the name of an environment variable`,
    given === undefined ? 'MissingPart' : 'WrongValue',
  );
}
