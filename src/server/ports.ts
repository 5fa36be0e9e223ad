import { createServer } from 'node:net';

import { SelvageError } from '../errors';

/**
 * The ports are below the local ports of outgoing connections on Linux (from 32768) and macOS (from 49152). A client
 * that keeps connecting to a port in such a range can be connected to itself, and so occupy the port.
 */
const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;
const ATTEMPTS = 200;

export interface ServerPorts {
  readonly port: number;
  /** The port of Temporal's web page; undefined if the page is not served. */
  readonly uiPort: number | undefined;
}

/** The port `preferred` or another, and the next for the web page. Throws PortInUse if there is no free port. */
export async function findFreePorts(withUi: boolean, preferred?: number): Promise<ServerPorts> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port =
      attempt === 0 && preferred !== undefined
        ? preferred
        : FIRST_PORT + 2 * Math.floor(Math.random() * (PORT_COUNT / 2));
    if (!(await isFree(port))) continue;
    if (!withUi) return { port, uiPort: undefined };
    if (await isFree(port + 1)) return { port, uiPort: port + 1 };
  }
  throw new SelvageError(
    'PortInUse',
    `No free port ${withUi ? 'with a free one beside it ' : ''}was found on 127.0.0.1 between ${FIRST_PORT} and ${FIRST_PORT + PORT_COUNT}. ` +
      'End programs that listen there, or choose a port.',
  );
}

/** The given port, and a free port for the web page if that is served. Throws PortInUse if the given port is taken. */
export async function claimPort(
  port: number,
  withUi: boolean,
  uiPort: number = port + 1,
): Promise<ServerPorts> {
  if (!(await isFree(port))) throw portInUse(port);
  if (!withUi) return { port, uiPort: undefined };
  const isUsable = uiPort <= 65_535 && (await isFree(uiPort));
  return { port, uiPort: isUsable ? uiPort : (await findFreePorts(true)).uiPort };
}

export function portInUse(port: number): SelvageError {
  return new SelvageError(
    'PortInUse',
    `Port ${port} on 127.0.0.1, where the embedded server is to run, is taken by another program. End that program. Or, if you have chosen the port, ` +
      'choose another; if not, end all processes of the project, and the next one takes a free port.',
    { details: { port } },
  );
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
