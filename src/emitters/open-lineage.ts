import { duration, line, oneOf, text, unchecked, type Check, type Checks } from '../authoring/checks';
import { secretFrom, type Secret, type SecretSource } from '../authoring/secrets';
import { durationMs, type Duration } from '../values/duration';
import { declareEmitter, type EmitterDeclaration, type EmitterOptions } from './declaration';
import { readEmitterOptions } from './emitter-options';

interface CommonOptions extends EmitterOptions {
  /** Namespace of OpenLineage jobs: whoever runs them, such as `shop-production`. */
  readonly namespace: string;
  /** URI that events name as their maker. Default: this package. */
  readonly producer?: string;
  /** Knots that are jobs: those with a `dataset` (default), all knots run, or none. Elements of maps are never jobs. */
  readonly knots?: 'datasets' | 'all' | 'none';
}

export interface OpenLineageHttpOptions extends CommonOptions {
  /** Address of the receiver, such as `http://marquez:5000`. */
  readonly url: string;
  /** Default `api/v1/lineage`. */
  readonly endpoint?: string;
  /** Sent as `authorization: Bearer …`; or its environment variable. Default: none. */
  readonly apiKey?: SecretSource;
  /** Limit for the answer to a request. Default 15 s. */
  readonly requestTimeout?: Duration;
  readonly file?: undefined;
}

export interface OpenLineageFileOptions extends CommonOptions {
  /** A file that receives an event per line. The path is relative to the project's folder. */
  readonly file: string;
  readonly url?: undefined;
  readonly endpoint?: undefined;
  readonly apiKey?: undefined;
  readonly requestTimeout?: undefined;
}

export type OpenLineageEmitterOptions = OpenLineageHttpOptions | OpenLineageFileOptions;

/** Checked options, with defaults. */
export interface OpenLineageSettings {
  readonly namespace: string;
  readonly producer: string;
  readonly knots: 'datasets' | 'all' | 'none';
  readonly to:
    | { readonly file: string }
    | { readonly url: string; readonly apiKey: Secret | undefined; readonly requestTimeout: number };
}

export type OpenLineageEmitterDeclaration = EmitterDeclaration<'open-lineage', OpenLineageSettings>;

const PRODUCER = 'https://www.npmjs.com/package/selvage';
const ENDPOINT = 'api/v1/lineage';
const REQUEST_TIMEOUT_MS = 15_000;
const LONGEST_REQUEST_MS = 600_000;
/** Batches are small, as a request for each event is slow. */
const BATCH_SIZE = 100;

const uri: Check = (value) =>
  typeof value === 'string' && /^[a-z][a-z0-9+.-]*:\S+$/i.test(value) ? undefined : 'must be a URI';
const address: Check = (value) =>
  typeof value === 'string' && /^https?:\/\/[^/\s?#@]+[^\s?#]*$/.test(value)
    ? undefined
    : 'must be a URL such as "http://marquez:5000", without a user or a query';

const CHECKS: Checks<Omit<OpenLineageEmitterOptions, keyof EmitterOptions>> = {
  namespace: line(),
  producer: uri,
  knots: oneOf('datasets', 'all', 'none'),
  url: address,
  endpoint: text,
  apiKey: unchecked,
  requestTimeout: duration(1, LONGEST_REQUEST_MS),
  file: text,
};

/**
 * Sends events of specification 2-0-2 to receivers of OpenLineage (Marquez, DataHub, …), for the start and
 * end of each run and of its knots. The knots' options `reads`, `writes` and `columns` declare the data.
 *
 * @throws SelvageError `InvalidName`, `InvalidConfig`
 */
export function openLineageEmitter(options: OpenLineageEmitterOptions): OpenLineageEmitterDeclaration {
  const kind = 'open-lineage';
  const read = readEmitterOptions<OpenLineageEmitterOptions, OpenLineageEmitterOptions>(
    kind,
    options,
    CHECKS,
    {},
  );
  const { common, own, refuse } = read;
  const { namespace, producer = PRODUCER, knots = 'datasets', url, file } = own;
  if (namespace === undefined || namespace === '')
    throw refuse('namespace', 'is missing: name who runs the jobs, such as "shop-production"', 'MissingPart');
  if ((url === undefined) === (file === undefined))
    throw refuse(
      'url',
      url === undefined
        ? 'is missing, and so is "file": give one of them'
        : 'excludes "file": give one of them',
      url === undefined ? 'MissingPart' : 'Conflict',
    );
  const apiKey = secretFrom(own.apiKey);
  if (own.apiKey !== undefined && !apiKey) throw refuse('apiKey', "must be a text, or { env: 'NAME' }");
  return declareEmitter({
    kind,
    ...common,
    batchSize: options.batchSize ?? BATCH_SIZE,
    options: {
      namespace,
      producer,
      knots,
      to:
        file !== undefined
          ? { file }
          : {
              url: `${url.replace(/\/+$/, '')}/${(own.endpoint ?? ENDPOINT).replace(/^\/+/, '')}`,
              apiKey,
              requestTimeout: durationMs(own.requestTimeout ?? REQUEST_TIMEOUT_MS)!,
            },
    },
  });
}
