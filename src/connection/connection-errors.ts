import { connect } from 'node:net';
import {
  NamespaceNotFoundError,
  ServiceError,
  isGrpcServiceError,
  type Connection,
} from '@temporalio/client';
import { SelvageError } from '../errors';
import { hostAndPort } from './server-address';

/** Status codes of gRPC. */
export const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
export const UNIMPLEMENTED = 12;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;
/** Codes that gRPC returns for a host that does not speak gRPC, or lacks Temporal's service. */
const FOREIGN: ReadonlySet<number | undefined> = new Set([2, UNIMPLEMENTED, 13]);

const LISTENS_LIMIT_MS = 2_000;
const NAMESPACE_LIMIT_MS = 10_000;

/** Converts errors that concern server or connection into ours; returns others unchanged. */
export function unreachable(error: unknown, address?: string): unknown {
  const code = grpcCode(error);
  if (error instanceof NamespaceNotFoundError) return unknownNamespace(error.namespace, address, error);
  if (code === PERMISSION_DENIED || code === UNAUTHENTICATED) return refused(error, address);
  const isTransport =
    code === UNAVAILABLE ||
    code === DEADLINE_EXCEEDED ||
    (error instanceof Error &&
      /Failed to connect before the deadline|Connection refused|ECONNREFUSED|transport error/i.test(
        error.message,
      ));
  if (!isTransport) return error;
  return new SelvageError(
    'ServerUnreachable',
    `No Temporal server answers${at(address)}. Check the address (--address, TEMPORAL_ADDRESS) and that the server ` +
      'runs; without an address, Selvage starts its embedded server. Runs in flight are not affected.',
    { details: { address, away: true }, cause: error },
  );
}

/** Like {@link unreachable}, for an attempt to connect. The error says if another program listens at the address. */
export async function notConnected(error: unknown, address: string): Promise<unknown> {
  if (error instanceof Error && /^Failed to call GetSystemInfo/.test(error.message))
    return noTemporal(error, address);
  const told = unreachable(error, address);
  if (!SelvageError.is(told, 'ServerUnreachable')) return told;
  return (await listens(address)) ? noTemporal(error, address) : told;
}

/**
 * Checks that a Temporal server answers and has the namespace. A client without the right to ask passes: its first call
 * shows which right it lacks.
 *
 * @throws SelvageError `UnknownNamespace`, `ServerUnreachable`
 */
export async function requireNamespace(
  connection: Pick<Connection, 'workflowService' | 'withDeadline'>,
  namespace: string,
  address: string,
): Promise<void> {
  const { workflowService } = connection;
  try {
    await connection.withDeadline(Date.now() + NAMESPACE_LIMIT_MS, () =>
      workflowService.describeNamespace({ namespace }),
    );
  } catch (error) {
    const code = grpcCode(error);
    if (code === NOT_FOUND || code === INVALID_ARGUMENT) throw unknownNamespace(namespace, address, error);
    if (code === PERMISSION_DENIED) return;
    if (!FOREIGN.has(code)) throw unreachable(error, address);
    // Some servers lack the call that describes a namespace, but all have `getSystemInfo`.
    await workflowService.getSystemInfo({}).catch(() => {
      throw noTemporal(error, address);
    });
  }
}

export function isNotFound(error: unknown): boolean {
  return grpcCode(error) === NOT_FOUND;
}

export function grpcCode(error: unknown): number | undefined {
  const cause = error instanceof ServiceError && error.cause !== undefined ? error.cause : error;
  return isGrpcServiceError(cause) ? cause.code : undefined;
}

function at(address: string | undefined): string {
  return address ? ` at ${address}` : '';
}

function unknownNamespace(namespace: string, address: string | undefined, cause: unknown): SelvageError {
  return new SelvageError(
    'UnknownNamespace',
    `The Temporal server${at(address)} has no namespace ${JSON.stringify(namespace)}. Check the namespace (--namespace, TEMPORAL_NAMESPACE); an embedded ` +
      'server has only "default".',
    { details: { namespace, address }, cause },
  );
}

function refused(cause: unknown, address: string | undefined): SelvageError {
  return new SelvageError(
    'ServerRefused',
    `The Temporal server${at(address)} does not let this client in, or not do this. Check its API key or certificates (TEMPORAL_API_KEY, ` +
      'TEMPORAL_TLS_…, or those of the profile) and what their role may do.',
    { details: { address }, cause },
  );
}

function noTemporal(cause: unknown, address: string): SelvageError {
  return new SelvageError(
    'ServerUnreachable',
    `Something listens at ${address}, but does not answer as a Temporal server does. Give host and port of the server itself, mostly port 7233 and not that ` +
      'of its web page; and if it wants TLS, say so (TEMPORAL_TLS=true, or a profile). A key turns TLS on; TEMPORAL_TLS=false turns it off.',
    { details: { address }, cause },
  );
}

/** Whether any program accepts connections at an address. Never rejects. */
async function listens(address: string): Promise<boolean> {
  const { host, port } = hostAndPort(address);
  return await new Promise((resolve) => {
    const socket = connect({ host, port, timeout: LISTENS_LIMIT_MS });
    const end = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
  });
}
