import { once } from 'node:events';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** How long the port may belong to somebody else when the proxy wants it back. */
const LISTEN_LIMIT_MS = 10_000;
/** So much may be on its way in one direction before the sender has to wait. */
const MAXIMUM_ON_THE_WAY = 4 * 1024 * 1024;
const CUT_DELAY_MS = 20;

/** What has come of connections since the proxy was made. */
export interface FaultCounts {
  accepted: number;
  /** Reset (RST), which the peers hear of. */
  reset: number;
  /** Went silent, which the peers do not hear of. */
  silenced: number;
}

/** A client's connection and the one to the server that it stands for. */
class Line {
  readonly client: Socket;
  readonly server: Socket;
  isSilent = false;
  /** Bytes that may still come back over it before it is cut. */
  left = Infinity;

  constructor(client: Socket, server: Socket) {
    this.client = client;
    this.server = server;
  }
}

/** A TCP proxy before a server, on this machine, whose faults are switched while it works. */
export class FaultProxy {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #change: (answer: Buffer) => Buffer;
  readonly #lines = new Set<Line>();
  readonly #counts: FaultCounts = { accepted: 0, reset: 0, silenced: 0 };
  #server: Server | undefined;
  #port = 0;
  #latencyMs = 0;
  #isSilent = false;
  #left = Infinity;

  private constructor(
    target: { readonly host: string; readonly port: number },
    change: (answer: Buffer) => Buffer,
  ) {
    this.#target = target;
    this.#change = change;
  }

  /**
   * @param address such as `postgres://…@host:port/…`, of which host and port count, or these two
   * @param change what the server answers, piece by piece. Default: as it is.
   */
  static async to(
    address: string | { readonly host: string; readonly port: number },
    change: (answer: Buffer) => Buffer = (answer) => answer,
  ): Promise<FaultProxy> {
    const proxy = new FaultProxy(typeof address === 'string' ? targetOf(address) : address, change);
    await proxy.#listen();
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  get counts(): Readonly<FaultCounts> {
    return { ...this.#counts };
  }

  /** Connections that exist now. */
  get open(): number {
    return this.#lines.size;
  }

  /** The address of the server, by way of this proxy. */
  addressOf(address: string): string {
    const url = new URL(address);
    url.hostname = '127.0.0.1';
    url.port = String(this.#port);
    return url.href;
  }

  /** From now on every piece arrives so many milliseconds later, in each direction. */
  delay(milliseconds: number): void {
    this.#latencyMs = milliseconds;
  }

  /** Resets all connections; new ones are taken. Answers how many it were. */
  reset(): number {
    const lines = [...this.#lines].filter((line) => !line.isSilent);
    for (const line of lines) this.#reset(line);
    return lines.length;
  }

  /** Each connection is reset when so many bytes more have come back over it: the one that goes beyond does not arrive whole. */
  cutAfter(bytes: number): void {
    this.#left = bytes;
    for (const line of this.#lines) line.left = bytes;
  }

  /**
   * Half-open: the connections that there are pass nothing on any more, in either direction and for ever, and stay open; new ones are accepted
   * and hear nothing, until {@link mend}. What was on its way is lost.
   */
  silence(): void {
    this.#isSilent = true;
    for (const line of this.#lines) this.#silence(line);
  }

  /** Nobody listens on the port any more, until {@link mend}; connections are reset. */
  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = server && once(server, 'close');
    server?.close();
    for (const line of this.#lines) this.#reset(line);
    await closed;
  }

  /** No faults for new connections. Those that have gone silent stay so: nothing tells the peers what became of them. */
  async mend(): Promise<void> {
    this.#isSilent = false;
    this.#latencyMs = 0;
    this.cutAfter(Infinity);
    if (this.#server === undefined) await this.#listen();
  }

  async close(): Promise<void> {
    await this.refuse();
  }

  async #listen(): Promise<void> {
    const giveUpAt = Date.now() + LISTEN_LIMIT_MS;
    for (;;) {
      const server = net.createServer({ pauseOnConnect: true }, (client) => this.#accept(client));
      try {
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject);
          server.listen(this.#port, '127.0.0.1', resolve);
        });
        this.#server = server;
        this.#port = (server.address() as AddressInfo).port;
        return;
      } catch (error) {
        if (Date.now() >= giveUpAt) throw error;
        await delay(50);
      }
    }
  }

  #accept(client: Socket): void {
    this.#counts.accepted += 1;
    const server = net.connect({ ...this.#target, noDelay: true });
    client.setNoDelay(true);
    const line = new Line(client, server);
    line.left = this.#left;
    this.#lines.add(line);
    this.#pass(line, client, server);
    this.#pass(line, server, client);
    if (this.#isSilent) this.#silence(line);
    else client.resume();
  }

  /** Passes on what comes from one side, and how that side ends. */
  #pass(line: Line, from: Socket, to: Socket): void {
    let onTheWay = 0;
    let last = Promise.resolve();
    const later = (act: () => void): void => {
      const due = Date.now() + this.#latencyMs;
      last = last.then(async () => {
        const wait = due - Date.now();
        if (wait > 0) await delay(wait);
        if (!line.isSilent) act();
      });
    };
    from.on('data', (bytes) => {
      onTheWay += bytes.byteLength;
      if (onTheWay > MAXIMUM_ON_THE_WAY) from.pause();
      later(() => {
        onTheWay -= bytes.byteLength;
        if (onTheWay <= MAXIMUM_ON_THE_WAY && from.isPaused()) from.resume();
        if (from === line.server) this.#answer(line, this.#change(bytes));
        else to.write(bytes);
      });
    });
    from.on('end', () => later(() => to.end()));
    from.on('error', () => line.isSilent || this.#reset(line));
    from.on('close', () => {
      // A peer that gives a silent connection up tells the other one nothing either.
      if (line.isSilent) return;
      later(() => {
        to.destroy();
        this.#lines.delete(line);
      });
    });
  }

  #answer(line: Line, bytes: Buffer): void {
    if (bytes.byteLength <= line.left) {
      line.left -= bytes.byteLength;
      line.client.write(bytes);
      return;
    }
    const rest = bytes.subarray(0, line.left);
    line.left = 0;
    if (rest.byteLength === 0) this.#reset(line);
    // A reset that comes with the bytes would look like an end to a client that reads both at once.
    else line.client.write(rest, () => setTimeout(() => this.#reset(line), CUT_DELAY_MS));
  }

  #silence(line: Line): void {
    if (line.isSilent) return;
    line.isSilent = true;
    this.#counts.silenced += 1;
    line.client.pause();
    line.server.pause();
  }

  #reset(line: Line): void {
    if (!this.#lines.delete(line)) return;
    if (!line.isSilent) this.#counts.reset += 1;
    line.isSilent = true;
    // One that is being ended cannot be reset any more: Node would never let go of it, and the process would not end.
    if (line.client.writableEnded) line.client.destroy();
    else line.client.resetAndDestroy();
    // The server is not told in the same way: it is the connection between the client and the proxy that breaks.
    line.server.destroy();
  }
}

function targetOf(address: string): { host: string; port: number } {
  const { hostname, port } = new URL(address);
  return { host: hostname, port: Number(port) };
}
