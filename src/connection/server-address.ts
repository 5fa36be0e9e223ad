import type { ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { SelvageError } from '../errors';
import { defined } from '../values';
import type { EmbeddedServerOptions } from '../server';

interface ServerAddress {
  readonly address: string;
  readonly namespace: string;
  readonly connection: ConnectionOptions;
  /** Origin of the choice: an option, `--profile`, the environment. */
  readonly source: string;
}

export interface ServerChoice {
  /** `host:port`. */
  readonly address?: string;
  /** The namespace; default: the profile's or `TEMPORAL_NAMESPACE`, else `default`. */
  readonly namespace?: string;
  /** Profile of `temporal.toml`; if omitted, `TEMPORAL_PROFILE`; without an address also the profile `default`. */
  readonly profile?: string;
  /** Options of TLS; if omitted, `TEMPORAL_TLS` and `TEMPORAL_TLS_…`, or the profile; else TLS if there is a key. */
  readonly tls?: ConnectionOptions['tls'];
  /** The API key; if omitted, `TEMPORAL_API_KEY`, or the profile's key. */
  readonly apiKey?: string;
}

/**
 * The server by address, profile or `TEMPORAL_ADDRESS`, in this order; if none is given, undefined for the
 * project's embedded server. A `temporal.toml` alone is never enough, as its default may be production.
 *
 * Missing settings (key, TLS, metadata, namespace) come from the named profile (also by `TEMPORAL_PROFILE`)
 * and the environment. An empty variable counts as unset. A key turns TLS on, unless TLS is explicitly off.
 *
 * @throws SelvageError `Usage` for an unreadable profile, `InvalidAddress`, `InvalidConfig` for a key that
 * would be sent in plain text
 */
export function chosenServer(
  choice: ServerChoice,
  environment: NodeJS.ProcessEnv = process.env,
): ServerAddress | undefined {
  const variables = withoutEmpty(environment);
  if (!choice.address && !choice.profile && !variables['TEMPORAL_ADDRESS']) return undefined;
  // Check the address before the profile is read, whose errors would hide an invalid address.
  if (choice.address) requireAddress(choice.address);
  const profile = choice.profile ?? variables['TEMPORAL_PROFILE'];
  const loaded = loadProfile(profile, choice.profile ? withoutPlace(variables) : variables, {
    // The default profile may hold the key of another server.
    disableFile: Boolean(choice.address) && profile === undefined,
  });
  const address = choice.address || loaded.connectionOptions.address;
  if (!address) {
    throw new SelvageError(
      'Usage',
      `The profile "${profile}" names no address. Add one to temporal.toml or give --address.`,
      {
        details: { profile },
      },
    );
  }
  requireAddress(address);
  const connection = {
    ...defined(loaded.connectionOptions as ConnectionOptions),
    address,
    ...(choice.tls !== undefined && { tls: choice.tls }),
    ...(choice.apiKey && { apiKey: choice.apiKey }),
  };
  requireSecrecy(connection, address);
  return {
    address,
    namespace: choice.namespace ?? loaded.namespace ?? 'default',
    connection,
    source: sourceOf(choice),
  };
}

function sourceOf({ address, profile }: ServerChoice): string {
  if (address) return 'option';
  return profile ? `profile ${profile}` : 'TEMPORAL_ADDRESS';
}

function requireSecrecy({ apiKey, tls, metadata }: ConnectionOptions, address: string): void {
  const isKeyInMetadata = Object.keys(metadata ?? {}).some((name) => name.toLowerCase() === 'authorization');
  // Temporal's SDK uses TLS if it has a key and TLS is not mentioned.
  const isPlain = tls === false || (!tls && !apiKey);
  if (!isPlain || !(apiKey || isKeyInMetadata) || isLoopback(hostAndPort(address).host)) return;
  throw new SelvageError(
    'InvalidConfig',
    `The API key would go to ${address} as plain text, readable by everybody on the way. Turn TLS on (TEMPORAL_TLS=true, \`tls: true\`, the ` +
      'profile), or take the key away (TEMPORAL_API_KEY, `apiKey`, TEMPORAL_GRPC_META_AUTHORIZATION).',
    { details: { address, reason: 'Conflict' } },
  );
}

function isLoopback(host: string): boolean {
  return /^(?:127(?:\.\d{1,3}){3}|::1|(?:.+\.)?localhost)$/i.test(host);
}

export function embeddedOptions(
  options: Pick<EmbeddedServerOptions, 'projectDir' | 'durable' | 'port' | 'temporalUi'>,
): Omit<EmbeddedServerOptions, 'log'> {
  const { projectDir, durable, port, temporalUi } = options;
  return { projectDir, durable, port, temporalUi };
}

const ADDRESS = /^(?:\[(?<ipv6>[\da-f.:]+)\]|(?<name>[^\s\p{Cc}:/@[\]]+))(?::(?<port>\d{1,5}))?$/iu;
const DEFAULT_PORT = 7233;

export function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const { ipv6, name, port } = ADDRESS.exec(address)?.groups ?? {};
  return { host: ipv6 ?? name ?? address, port: port === undefined ? DEFAULT_PORT : Number(port) };
}

function isAddress(text: string): boolean {
  const { port } = hostAndPort(text);
  return ADDRESS.test(text) && port > 0 && port < 65_536;
}

function requireAddress(address: string): void {
  if (isAddress(address)) return;
  const shown = withoutSecrets(address).slice(0, 200);
  const [stripped = ''] = shown
    .trim()
    .replace(/^[a-z][\w+.-]*:\/\//i, '')
    .split('/');
  const suggestion = isAddress(stripped) ? ` Did you mean ${stripped}?` : '';
  const tls = /^(?:https|grpcs):/i.test(address)
    ? ' TLS is asked for by TEMPORAL_TLS=true or by a profile.'
    : '';
  throw new SelvageError(
    'InvalidAddress',
    `The address of the Temporal server must be HOST:PORT, and is ${JSON.stringify(shown)}.${suggestion}${tls}`,
    { details: { address: shown } },
  );
}

/** Hides possible passwords in an address: before the last `@`, in a query, or in the place of the port. */
function withoutSecrets(address: string): string {
  const [, scheme = '', rest = ''] = /^(\s*[a-z][\w+.-]*:\/\/)?([^]*)$/i.exec(address)!;
  const [place = ''] = rest.slice(rest.lastIndexOf('@') + 1).split(/[?#]/);
  return scheme + place.replace(/^([^/[\]:]*):(?!\d*(?:\/|\s*$))[^]*/, '$1:…');
}

/** An empty variable counts as unset, but may say that there is no `temporal.toml`, or remove a header. */
function withoutEmpty(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isKept = (name: string): boolean =>
    name === 'TEMPORAL_CONFIG_FILE' || name.startsWith('TEMPORAL_GRPC_META_');
  return Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => value !== '' || isKept(name)),
  );
}

/** A given profile decides the address; the environment adds the rest, such as a key. */
function withoutPlace(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { TEMPORAL_ADDRESS: _address, TEMPORAL_NAMESPACE: _namespace, ...rest } = environment;
  return rest;
}

function loadProfile(
  profile: string | undefined,
  environment: NodeJS.ProcessEnv,
  options: { readonly disableFile: boolean },
): ReturnType<typeof loadClientConnectConfig> {
  try {
    return loadClientConnectConfig({
      ...options,
      ...(profile && { profile }),
      overrideEnvVars: environment as Record<string, string>,
    });
  } catch (error) {
    // The error is not passed on as a cause, because its further lines quote the file, which may contain a key.
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).trim().split('\n');
    const { line } = error as { readonly line?: number };
    throw new SelvageError(
      'Usage',
      `${profile ? `The Temporal profile "${profile}"` : 'The configuration of the Temporal server'} cannot be read: ${reason}${line === undefined ? '' : ` (line ${line})`}. ` +
        'Check temporal.toml and the variables TEMPORAL_…, or give --address.',
      { details: { profile } },
    );
  }
}
