import { once } from 'node:events';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** How long another process may have the port when the proxy wants it back. */
const LISTEN_LIMIT_MS = 10_000;
/** Bytes that may be in transit in one direction before the sender has to wait. */
const MAXIMUM_ON_THE_WAY = 4 * 1024 * 1024;
const CUT_DELAY_MS = 20;

/** Counts of connections since the proxy was made. */
export interface FaultCounts {
  accepted: number;
  /** Reset (RST); the peers notice it. */
  reset: number;
  /** Went silent; the peers do not notice it. */
  silenced: number;
}

/** A client's connection, and the connection to the server behind it. */
class Line {
  readonly client: Socket;
  readonly server: Socket;
  isSilent = false;
  /** Bytes that the server may still send before the line is cut. */
  left = Infinity;

  constructor(client: Socket, server: Socket) {
    this.client = client;
    this.server = server;
  }
}

/** A local TCP proxy for a server, with faults that can be switched while it works. */
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
   * @param change changes pieces of the server's answers. Default: none
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

  /** The number of present connections. */
  get open(): number {
    return this.#lines.size;
  }

  /** The address of the server through this proxy. */
  addressOf(address: string): string {
    const url = new URL(address);
    url.hostname = '127.0.0.1';
    url.port = String(this.#port);
    return url.href;
  }

  /** Delays every further piece by this many milliseconds, in each direction. */
  delay(milliseconds: number): void {
    this.#latencyMs = milliseconds;
  }

  /** Resets all connections, accepts new ones, and returns how many were reset. */
  reset(): number {
    const lines = [...this.#lines].filter((line) => !line.isSilent);
    for (const line of lines) this.#reset(line);
    return lines.length;
  }

  /** Resets each connection once the server has sent this many more bytes; the rest of the piece is lost. */
  cutAfter(bytes: number): void {
    this.#left = bytes;
    for (const line of this.#lines) line.left = bytes;
  }

  /**
   * Half-open connections: existing ones stay open, but never pass on anything again, and data in transit is lost. New
   * ones are accepted and stay silent until {@link mend}.
   */
  silence(): void {
    this.#isSilent = true;
    for (const line of this.#lines) this.#silence(line);
  }

  /** Closes the port until {@link mend}, and resets connections. */
  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = server && once(server, 'close');
    server?.close();
    for (const line of this.#lines) this.#reset(line);
    await closed;
  }

  /** Ends faults for new connections. Silent ones stay silent, so their peers never notice. */
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

  /** Passes on the data of one side, and its end. */
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
      // If one peer gives up a silent connection, the other one does not notice that either.
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
    // A client that reads a reset together with the bytes would take it for an end.
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
    // Node would never close a socket that is reset while it ends, and the process would not end.
    if (line.client.writableEnded) line.client.destroy();
    else line.client.resetAndDestroy();
    // Only the connection between client and proxy breaks, so the server sees a normal end.
    line.server.destroy();
  }
}

function targetOf(address: string): { host: string; port: number } {
  const { hostname, port } = new URL(address);
  return { host: hostname, port: Number(port) };
}
