import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Answers a request; the first one has index 0. Default: 204. */
export type AnswerRequest = (
  request: ReceivedRequest,
  response: ServerResponse,
  index: number,
) => void | Promise<void>;

/** An HTTP server that remembers its requests. */
export class Receiver {
  readonly requests: ReceivedRequest[] = [];
  connections = 0;
  answer: AnswerRequest = (_, response) => void response.writeHead(204).end();
  readonly #server: http.Server;

  private constructor() {
    this.#server = http.createServer((request, response) => void this.#receive(request, response));
    this.#server.on('connection', () => this.connections++);
  }

  /** @param host default 127.0.0.1 */
  static async open(answer?: AnswerRequest, host = '127.0.0.1', port = 0): Promise<Receiver> {
    const receiver = new Receiver();
    if (answer) receiver.answer = answer;
    await new Promise<void>((resolve, reject) => {
      receiver.#server.once('error', reject).listen(port, host, resolve);
    });
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  /** Like a receiver whose idle limit is over. */
  dropConnections(): void {
    this.#server.closeAllConnections();
  }

  async openConnections(): Promise<number> {
    return await new Promise((resolve, reject) =>
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    );
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    response.on('error', () => {});
    try {
      for await (const piece of request) pieces.push(piece as Buffer);
    } catch {
      return;
    }
    const received = {
      method: request.method!,
      path: request.url!,
      headers: request.headers as Record<string, string>,
      body: Buffer.concat(pieces).toString(),
    };
    const index = this.requests.push(received) - 1;
    await this.answer(received, response, index);
  }
}
