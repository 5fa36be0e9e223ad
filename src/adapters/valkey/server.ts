import { SelvageError } from '../../errors';
import { textOf } from './client-like';
import type { ValkeyConnection } from './connection';

const OLDEST_MAJOR = 7;

interface ValkeyServer {
  /** `valkey` or `redis`. */
  readonly name: string;
  readonly version: string;
  /** The server's mode, which is `standalone`, `cluster` or `sentinel`. */
  readonly mode: string;
  /** `master` or `replica`. */
  readonly role: string;
}

/** Throws `BackendUnavailable`, `InvalidUrl`. */
export async function requireUsableServer(connection: ValkeyConnection, isCluster: boolean): Promise<void> {
  const server = await serverOf(connection);
  if (Number.parseInt(server.version, 10) < OLDEST_MAJOR)
    throw tooOld(connection, `${server.name} ${server.version}`);
  if (server.mode === 'cluster' && !isCluster)
    throw unusable(
      connection,
      'is part of a cluster. An address names one server; give a client of the cluster, as docs/adapters/valkey.md shows.',
    );
  if (server.mode === 'sentinel')
    throw unusable(
      connection,
      'is a sentinel, which holds no data. Name the primary, or give a client that asks sentinels.',
    );
  if (server.role !== 'master')
    throw unusable(
      connection,
      'is a replica, which takes no writes. Name the primary, or wait until the failover is over.',
    );
}

/** Throws `BackendUnavailable`. */
async function serverOf(connection: ValkeyConnection): Promise<ValkeyServer> {
  let reply: unknown;
  try {
    reply = await connection.command('hello');
  } catch (error) {
    if (
      SelvageError.is(error) &&
      /unknown command/i.test(String((error.cause as Error | undefined)?.message))
    )
      throw tooOld(connection, 'a server without HELLO');
    throw error;
  }
  const fields = new Map<string, string>();
  const list = Array.isArray(reply) ? (reply as unknown[]) : [];
  for (let index = 0; index + 1 < list.length; index += 2)
    fields.set(textOf(list[index]), textOf(list[index + 1]));
  const field = (name: string, otherwise: string): string => fields.get(name) ?? otherwise;
  return {
    name: field('server', 'valkey'),
    version: field('version', '0'),
    mode: field('mode', 'standalone'),
    role: field('role', 'master'),
  };
}

function tooOld(connection: ValkeyConnection, what: string): SelvageError {
  return unusable(connection, `is too old (${what}). Selvage needs Valkey 7.2 or Redis 7.0, or a newer one.`);
}

function unusable(connection: ValkeyConnection, says: string): SelvageError {
  return new SelvageError('BackendUnavailable', `The Valkey server ${connection.place} ${says}`, {
    details: { server: connection.place },
  });
}
