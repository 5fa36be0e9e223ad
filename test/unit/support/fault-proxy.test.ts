import { once } from 'node:events';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import { FaultProxy } from '../../support/fault-proxy';
import { until } from '../../support/until';

/*
 * That its blows land is asserted by the tests that use it, by its counts. What they would not notice is here.
 */

/** Sends back what it gets, in lines of `>`. */
let server: Server;
let proxy: FaultProxy;
const clients: Client[] = [];

class Client {
  said = '';
  error: NodeJS.ErrnoException | undefined;
  isClosed = false;
  readonly socket: Socket;

  constructor(port: number) {
    this.socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.setEncoding('latin1').on('data', (text) => (this.said += String(text)));
    this.socket.on('error', (error) => (this.error = error));
    this.socket.on('close', () => (this.isClosed = true));
    clients.push(this);
  }

  async asks(text: string): Promise<void> {
    this.socket.write(text);
    await until(`the answer to ${text}`, () => this.said.endsWith(`>${text}`));
  }

  async ends(): Promise<string | undefined> {
    await until('the connection ends', () => this.isClosed);
    return this.error?.code;
  }
}

beforeEach(async () => {
  server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      socket.write(`>${bytes.toString('latin1')}`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await FaultProxy.to({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
});

afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy();
  await proxy.close();
  server.close();
  await once(server, 'close');
});

test('passes on what is said, either way, and an end', async () => {
  const client = new Client(proxy.port);
  await client.asks('a');
  const large = 'x'.repeat(9 * 1024 * 1024);
  client.socket.write(large);
  await until('all of it is back', () => client.said.replaceAll('>', '').length === large.length + 1);
  client.socket.end();
  expect(await client.ends()).toBeUndefined();
  await until('it is forgotten', () => proxy.open === 0);
  expect(proxy.counts).toEqual({ accepted: 1, reset: 0, silenced: 0 });
});

test('gives an address in which it stands for the server', () => {
  expect(proxy.addressOf('postgres://u:p@example.org:5432/d?max=3')).toBe(
    `postgres://u:p@127.0.0.1:${proxy.port}/d?max=3`,
  );
});

test('delays each direction, and keeps the order', async () => {
  const client = new Client(proxy.port);
  await client.asks('before');
  proxy.delay(60);
  const began = performance.now();
  await client.asks('slow');
  // Timers may end a millisecond early.
  expect(performance.now() - began).toBeGreaterThan(115);
  proxy.delay(0);
  for (const text of ['1', '2', '3', '4']) client.socket.write(text);
  await until('all is back', () => client.said.replaceAll('>', '').endsWith('1234'));
});
