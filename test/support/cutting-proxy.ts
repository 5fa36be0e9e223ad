import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A TCP proxy before a server, which cuts a connection in the middle of an answer when it is told to. */
export class CuttingProxy {
  /** All of these since the last {@link cutOnceAfter}. */
  cuts = 0;
  ended = 0;
  /** Bytes that came from the server. */
  received = 0;
  /** What the clients sent. */
  asked = '';
  #cutAfter = Infinity;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: URL) {
    this.#server = createServer((client) =>
      this.#join(client, connect(Number(target.port), target.hostname)),
    );
  }

  static async to(target: URL): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts the connection over which the answers, all together, come to more than so many bytes, and none after it. */
  cutOnceAfter(bytes: number): void {
    this.#cutAfter = bytes;
    this.cuts = 0;
    this.ended = 0;
    this.received = 0;
    this.asked = '';
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #join(client: Socket, server: Socket): void {
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      // A cut connection is an error on either side; that is what it is for.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
        if (socket === client) this.ended += 1;
      });
    }
    client.on('data', (bytes) => (this.asked += bytes.toString('latin1')));
    client.pipe(server);
    server.on('data', (bytes) => {
      this.received += bytes.byteLength;
      if (this.received > this.#cutAfter) {
        this.#cutAfter = Infinity;
        this.cuts += 1;
        client.resetAndDestroy();
      } else if (!client.write(bytes)) {
        server.pause();
        client.once('drain', () => server.resume());
      }
    });
  }
}
