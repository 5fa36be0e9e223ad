import net, { type AddressInfo } from 'node:net';

export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** A local port that accepts connections, but is not the expected server. By default, it stays silent. */
export async function listening(onConnection: (socket: net.Socket) => void = () => {}): Promise<Listening> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A port without a listener. */
export async function closedPort(): Promise<number> {
  const nobody = await listening();
  await nobody.close();
  return nobody.port;
}
