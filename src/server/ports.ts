import { createServer } from 'node:net';

import { SelvageError } from '../errors';

/**
 * Below the ranges from which Linux (32768 on) and macOS (49152 on) take the near end of outgoing connections: a client
 * that keeps knocking at a port in such a range while the server is down can be connected to itself and so take the port.
 */
const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;
const ATTEMPTS = 200;

export interface ServerPorts {
  readonly port: number;
  readonly uiPort: number;
}

/** Two neighbouring free ports of this machine, first `preferred`'s if they are free. Throws PortInUse if none is found. */
export async function findFreePorts(preferred?: number): Promise<ServerPorts> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port =
      attempt === 0 && preferred !== undefined
        ? preferred
        : FIRST_PORT + 2 * Math.floor(Math.random() * (PORT_COUNT / 2));
    if ((await isFree(port)) && (await isFree(port + 1))) return { port, uiPort: port + 1 };
  }
  throw new SelvageError(
    'PortInUse',
    `No two neighbouring free ports were found on 127.0.0.1 between ${FIRST_PORT} and ${FIRST_PORT + PORT_COUNT}. ` +
      'End programs that listen there, or choose a port.',
  );
}

/** The wished port, with a free one for the web page beside it. Throws PortInUse where another program has the wished one. */
export async function claimPort(port: number, uiPort: number = port + 1): Promise<ServerPorts> {
  if (!(await isFree(port))) throw portInUse(port);
  return {
    port,
    uiPort: uiPort <= 65_535 && (await isFree(uiPort)) ? uiPort : (await findFreePorts()).uiPort,
  };
}

export function portInUse(port: number): SelvageError {
  return new SelvageError(
    'PortInUse',
    `Port ${port} on 127.0.0.1 is taken by another program. Choose another port for the embedded server, or end that program.`,
    { details: { port } },
  );
}

/** True if a server could listen on this port of 127.0.0.1 now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
