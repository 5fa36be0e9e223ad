import type { ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { SelvageError } from '../errors';

/** Which Temporal server, and how to reach it. */
export interface ServerAddress {
  readonly address: string;
  readonly namespace: string;
  readonly connection: ConnectionOptions;
  /** Where it was said: an option, `--profile`, the environment. */
  readonly source: string;
}

export interface ServerChoice {
  /** `host:port`. */
  readonly address?: string;
  readonly namespace?: string;
  /** A profile of the user's `temporal.toml`. */
  readonly profile?: string;
  readonly tls?: ConnectionOptions['tls'];
  readonly apiKey?: string;
}

/**
 * The server that was asked for: by address, profile or `TEMPORAL_ADDRESS`, in this order; undefined when none was, which
 * means the project's embedded server. A `temporal.toml` alone is never enough, as its default may be production.
 *
 * @throws SelvageError `Usage` for a profile that cannot be read, `InvalidAddress`
 */
export function chosenServer(
  choice: ServerChoice,
  environment: NodeJS.ProcessEnv = process.env,
): ServerAddress | undefined {
  const security = {
    ...(choice.tls !== undefined && { tls: choice.tls }),
    ...(choice.apiKey && { apiKey: choice.apiKey }),
  };
  if (choice.address) {
    requireAddress(choice.address);
    const namespace = choice.namespace ?? environment['TEMPORAL_NAMESPACE'] ?? 'default';
    return {
      address: choice.address,
      namespace,
      connection: { address: choice.address, ...security },
      source: 'option',
    };
  }
  if (!choice.profile && !environment['TEMPORAL_ADDRESS']) return undefined;
  const profile = choice.profile ?? environment['TEMPORAL_PROFILE'];
  const loaded = loadProfile(profile, choice.profile ? withoutPlace(environment) : environment);
  const address = loaded.connectionOptions.address;
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
  return {
    address,
    namespace: choice.namespace ?? loaded.namespace ?? 'default',
    connection: { ...(loaded.connectionOptions as ConnectionOptions), ...security },
    source: choice.profile ? `profile ${choice.profile}` : 'TEMPORAL_ADDRESS',
  };
}

const ADDRESS = /^(?:\[(?<ipv6>[\da-f.:]+)\]|(?<name>[^\s\p{Cc}:/@[\]]+))(?::(?<port>\d{1,5}))?$/iu;
const DEFAULT_PORT = 7233;

/** What an address says, which {@link chosenServer} has let pass. */
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
  // A URL may hold a password.
  const shown = address.replace(/\/\/[^/]*@/, '//').slice(0, 200);
  const [stripped = ''] = shown
    .trim()
    .replace(/^[a-z][\w+.-]*:\/\//i, '')
    .split(/[/?#]/);
  const suggestion = isAddress(stripped) ? ` Did you mean ${stripped}?` : '';
  const tls = /^(?:https|grpcs):/i.test(address)
    ? ' TLS is asked for by TEMPORAL_TLS=true beside TEMPORAL_ADDRESS, or by a profile.'
    : '';
  throw new SelvageError(
    'InvalidAddress',
    `The address of the Temporal server is to be HOST:PORT, and is ${JSON.stringify(shown)}.${suggestion}${tls}`,
    { details: { address: shown } },
  );
}

/** A profile that was asked for says where; the environment may still say the rest, such as a key. */
function withoutPlace(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { TEMPORAL_ADDRESS: _address, TEMPORAL_NAMESPACE: _namespace, ...rest } = environment;
  return rest;
}

function loadProfile(
  profile: string | undefined,
  environment: NodeJS.ProcessEnv,
): ReturnType<typeof loadClientConnectConfig> {
  try {
    return loadClientConnectConfig({
      ...(profile && { profile }),
      overrideEnvVars: environment as Record<string, string>,
    });
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').trim();
    throw new SelvageError(
      'Usage',
      `The Temporal profile${profile ? ` "${profile}"` : ''} cannot be read: ${reason}. ` +
        'Check the temporal.toml file, or give --address.',
      { details: { profile }, cause: error },
    );
  }
}
