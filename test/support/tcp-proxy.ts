import net from 'node:net';
import type { AddressInfo } from 'node:net';

/** Stands between a client and a server, and hurts what passes. */
export interface TcpProxy {
  readonly port: number;
  /** Passes nothing on any more over the connections that there are, and keeps them open, as a network does that has lost their state. */
  stall(): void;
  /** Ends all connections. */
  cut(): void;
  close(): Promise<void>;
}

/** @param change what the server answers, piece by piece. Default: as it is. */
export async function tcpProxy(
  target: { readonly host: string; readonly port: number },
  change: (answer: Buffer) => Buffer = (answer) => answer,
): Promise<TcpProxy> {
  const sockets = new Set<net.Socket>();
  const add = (socket: net.Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  };
  const server = net.createServer((client) => {
    const upstream = net.connect(target.port, target.host);
    client.on('data', (data) => upstream.write(data));
    upstream.on('data', (data) => client.write(change(data)));
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
    add(client);
    add(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stall() {
      for (const socket of sockets) socket.pause();
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
