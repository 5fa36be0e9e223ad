import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Hono } from 'hono';
import { bearer, knot, standardWebhooks, tapestry, webhook } from '../../../src';
import { toNodeHandler } from '../../../src/serve/to-node-handler';
import { isNodeSurroundings } from '../../../src/http/node-surroundings';
import { handlerOf, recordingHost, type RecordingHost } from '../../support/webhook-host';
import { standardHeaders, standardSecret } from '../../support/webhook-requests';

const ping = tapestry('ping', () => ({ pong: knot('pong', () => 'pong')({}, { id: 'pong' }) }));
const SECRET = standardSecret();
const TOKEN = '0123456789abcdef0123456789abcdef';

let server: Server;
let host: RecordingHost;
const accepted: Socket[] = [];

beforeEach(async () => {
  host = recordingHost();
  const limits = { body: 64 * 1024, time: 300, window: 2 };
  const handler = handlerOf(host, [
    webhook(ping, { path: '/signed', verify: standardWebhooks({ secret: SECRET }), limits }),
    webhook(ping, { path: '/token', verify: bearer({ token: TOKEN }), limits }),
    webhook(ping, { path: '/open', verify: false, limits }),
  ]);
  server = createServer(
    toNodeHandler((request, surroundings) =>
      handler.fetch(request, isNodeSurroundings(surroundings) ? surroundings : {}),
    ),
  );
  server.on('connection', (socket) => accepted.push(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  accepted.length = 0;
});

const port = (): number => (server.address() as AddressInfo).port;

/** All that a server says until it ends the connection. */
async function conversation(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (data) => (text += data.toString()));
  // The server may end it while we still send.
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

/** Sends bytes as fast as the server takes them, until it ends the connection. */
function flood(socket: Socket, piece: string | Buffer): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
    if (!socket.destroyed) socket.once('drain', more);
  };
  more();
}

async function status(path: string, headers: Record<string, string>, body: string): Promise<number> {
  const sent = httpRequest({
    port: port(),
    host: '127.0.0.1',
    path,
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/json', ...headers },
  });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode!;
}

test('a signature is verified over the bytes as they came', async () => {
  const body = '{ "a" : "ü",\r\n "b":1.0 }';
  expect(await status('/signed', standardHeaders(SECRET, body), body)).toBe(202);
  expect(await status('/signed', standardHeaders(SECRET, body), JSON.stringify(JSON.parse(body)))).toBe(401);
});

test.each(['/open', '/signed'])(
  '%s: a body that says it is too long is refused before it is read',
  async (path) => {
    const socket = connect(port(), '127.0.0.1');
    const said = conversation(socket);
    socket.write(`POST ${path} HTTP/1.1\r\nhost: hooks\r\ncontent-length: 100000000\r\n\r\n`);
    flood(socket, Buffer.alloc(64 * 1024, 'a'));
    expect(await said).toMatch(/^HTTP\/1\.1 413 [^]*"code":"RequestTooLarge"/);
    expect(accepted[0]!.bytesRead).toBeLessThan(1024 * 1024);
    expect(host.events).toEqual([]);
  },
);

test('a body without end is refused when it is too long', async () => {
  const socket = connect(port(), '127.0.0.1');
  const said = conversation(socket);
  socket.write('POST /open HTTP/1.1\r\nhost: hooks\r\ntransfer-encoding: chunked\r\n\r\n');
  flood(socket, `1000\r\n${'a'.repeat(4096)}\r\n`);
  expect(await said).toMatch(/^HTTP\/1\.1 413 [^]*"code":"RequestTooLarge"/);
  expect(accepted[0]!.bytesRead).toBeLessThan(1024 * 1024);
});

test('who has no token is refused before the body is read', async () => {
  const socket = connect(port(), '127.0.0.1');
  const said = conversation(socket);
  // Nothing of the body ever comes.
  socket.write('POST /token HTTP/1.1\r\nhost: hooks\r\ncontent-length: 5\r\n\r\n');
  expect(await said).toMatch(/^HTTP\/1\.1 401 [^]*"code":"Unauthenticated"/);
});

test('slow senders are given up, and cost others nothing meanwhile', async () => {
  // Many more than the window.
  const slow = Array.from({ length: 50 }, () => connect(port(), '127.0.0.1'));
  const said = slow.map(conversation);
  for (const socket of slow)
    socket.write(
      `POST /token HTTP/1.1\r\nhost: hooks\r\nauthorization: Bearer ${TOKEN}\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{`,
    );
  const drip = setInterval(() => {
    for (const socket of slow) if (!socket.destroyed) socket.write(' ');
  }, 50);
  const quick = await status('/token', { authorization: `Bearer ${TOKEN}` }, '{}');
  const answers = await Promise.all(said);
  clearInterval(drip);
  expect(quick).toBe(202);
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 408 [^]*"code":"RequestTimeout"/);
  expect(host.events).toHaveLength(1);
});

test('a sender that is gone in the middle of a body starts nothing', async () => {
  const socket = connect(port(), '127.0.0.1');
  socket.write('POST /open HTTP/1.1\r\nhost: hooks\r\ncontent-length: 50\r\n\r\n{"a":');
  await once(server, 'request');
  socket.destroy();
  expect(await status('/open', {}, '{}')).toBe(202);
  expect(host.events).toHaveLength(1);
});

test('a connection is used again after an answer', async () => {
  const socket = connect(port(), '127.0.0.1');
  const said = conversation(socket);
  const one = 'POST /open HTTP/1.1\r\nhost: hooks\r\ncontent-type: application/json\r\ncontent-length: 2\r\n';
  socket.write(`${one}\r\n{}${one}connection: close\r\n\r\n{}`);
  expect((await said).match(/HTTP\/1\.1 202/g)).toHaveLength(2);
});

describe('mounted', () => {
  const declared = webhook(ping, { path: '/open', verify: false });

  test('in Hono, and in what calls a handler with a second argument of its own, as Next does', async () => {
    const handler = handlerOf(recordingHost(), [declared], { basePath: '/hooks' });
    const app = new Hono().all('/hooks/*', (context) => handler.fetch(context.req.raw));
    const request = (): Request => new Request('http://site.test/hooks/open', { method: 'POST', body: '' });
    const route = (given: Request, _context: { readonly params: object }): Promise<Response> =>
      handler.fetch(given);
    for (const response of [await app.fetch(request()), await route(request(), { params: {} })]) {
      expect(response.status).toBe(202);
      expect(response.headers.get('location')).toMatch(/^\/hooks\/runs\//);
    }
    expect((await app.request('/hooks/runs/none')).status).toBe(404);
  });

  test('below a path that the framework cuts off and tells, as express does', async () => {
    const handler = handlerOf(recordingHost(), [declared]);
    const listener = toNodeHandler((request, surroundings) =>
      handler.fetch(request, isNodeSurroundings(surroundings) ? surroundings : {}),
    );
    const site = createServer((incoming, outgoing) => {
      Object.assign(incoming, { baseUrl: '/hooks', originalUrl: incoming.url });
      incoming.url = incoming.url!.slice('/hooks'.length);
      listener(incoming, outgoing);
    });
    await once(site.listen(0, '127.0.0.1'), 'listening');
    try {
      const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}/hooks/open`;
      const response = await fetch(url, { method: 'POST' });
      expect(response.status).toBe(202);
      expect(response.headers.get('location')).toMatch(/^\/hooks\/runs\//);
    } finally {
      site.closeAllConnections();
      site.close();
    }
  });

  test('behind a parser that has read the body, it says so to whoever runs the service', async () => {
    const host = recordingHost();
    const handler = handlerOf(host, [declared]);
    const listener = toNodeHandler((request, surroundings) =>
      handler.fetch(request, isNodeSurroundings(surroundings) ? surroundings : {}),
    );
    const site = createServer((incoming, outgoing) => {
      incoming.resume().once('end', () => listener(incoming, outgoing));
    });
    await once(site.listen(0, '127.0.0.1'), 'listening');
    try {
      const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}/open`;
      expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(500);
      expect(JSON.stringify(host.lines)).toContain('express.json()');
    } finally {
      site.closeAllConnections();
      site.close();
    }
  });
});
