import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { SelvageError } from '../errors';
import { noteRemoteAddress } from './remote-address';

type FetchHandler = (request: Request) => Response | Promise<Response>;

interface ListenOptions {
  /** The port; 0 for any free one. */
  readonly port: number;
  readonly host: string;
}

export interface Listener {
  readonly port: number;
  readonly url: string;
  /** Accepts no new connections; resolves when all requests have responses, or are cut off after `limit` ms. */
  close(limit: number): Promise<void>;
}

/** @throws SelvageError `PortInUse`, `InvalidConfig` (a host of another machine, a port that may not be used) */
export async function listen(fetch: FetchHandler, { port, host }: ListenOptions): Promise<Listener> {
  const server = createAdaptorServer({
    fetch: (request, { incoming }) => {
      noteRemoteAddress(request, incoming.socket.remoteAddress);
      return fetch(request);
    },
    // Limits slow senders.
    serverOptions: { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000 },
  }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  }).catch((error: NodeJS.ErrnoException) => {
    throw notListening(error, port, host);
  });
  const { port: actual } = server.address() as AddressInfo;
  return {
    port: actual,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    close: (limit) => close(server, limit),
  };
}

async function close(server: Server, limit: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const cut = setTimeout(() => server.closeAllConnections(), limit);
  // Also close connections that are kept alive for a next request.
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  server.closeIdleConnections();
  await closed;
  clearTimeout(cut);
  clearInterval(idle);
}

function notListening(error: NodeJS.ErrnoException, port: number, host: string): Error {
  const details = { host, port };
  if (error.code === 'EADDRINUSE') {
    return new SelvageError(
      'PortInUse',
      `Another program listens on ${host}:${port}. End it, or choose another port (0: any that is free).`,
      { details, cause: error },
    );
  }
  const wrong = (option: 'port' | 'host', message: string): SelvageError =>
    new SelvageError('InvalidConfig', message, {
      details: { ...details, option, reason: 'WrongValue' },
      cause: error,
    });
  if (error.code === 'ERR_SOCKET_BAD_PORT')
    return wrong('port', `${port} is no port. Give a whole number from 0 (any that is free) to 65535.`);
  if (error.code === 'EACCES')
    return wrong('port', `This user may not listen on port ${port}. Choose one from 1024 on.`);
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') {
    return wrong(
      'host',
      `The host ${host} is no address of this machine. Give 127.0.0.1 for this machine alone, 0.0.0.0 for all of its networks.`,
    );
  }
  return error;
}
