import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { knot, tapestry } from '../../../src';
import { Selvage } from '../../../src/client';
import { createWorker } from '../../../src/worker';
import { makeCommandProject, runWarm, type Finished } from '../../support/command-line';
import { quietRuntime } from '../../support/quiet-runtime';
import { refusal } from '../../support/refusal';
import { rejectionOf } from '../../support/rejection-of';
import { removeProjects } from '../server/projects';
import { sharedServerAddress } from '../../support/temporal-server';
import { PIPELINES } from './pipelines';

let project: string;
const open: Server[] = [];
const sockets = new Set<Socket>();
const nothing = knot('nothing', () => 1);
const idle = tapestry('idle', () => ({ nothing: nothing({}, { id: 'nothing' }) }));

beforeAll(async () => {
  project = makeCommandProject({ 'pipeline.ts': PIPELINES });
  await runWarm(project, ['run', 'pipeline.ts', ...QUICKSTART]);
});
afterAll(async () => {
  for (const server of open) server.close();
  for (const socket of sockets) socket.destroy();
  await removeProjects();
});

const QUICKSTART = ['--tapestry', 'quickstart', '--param', 'x=5'];

/** Starts a server that is none of Temporal's and returns its address. */
async function serve(server: Server): Promise<string> {
  open.push(server.listen(0, '127.0.0.1'));
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const webSite = (): Server =>
  createServer((_, response) => void response.writeHead(404).end('<html>\u0007</html>'));
const webSiteOfHttp2 = (): Server =>
  createHttp2Server((_, response) => void response.writeHead(404).end('<html>\u0007</html>'));
const otherService = (): Server =>
  createHttp2Server().on('stream', (stream) =>
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' },
      { endStream: true },
    ),
  );

/** One line and the address of its documentation, printable, with exit code 2. */
function expectRefused({ code, stdout, stderr }: Finished, error: RegExp): void {
  expect(stderr).toMatch(error);
  expect(stderr).toMatch(/^[^\p{Cc}]+\nhttps:[^\p{Cc}]+\n$/u);
  expect(stderr).not.toMatch(/\\x|b"/);
  expect(stdout).toBe('');
  expect(code).toBe(2);
}

const COMMANDS = [
  ['runs', 'list'],
  ['run', 'pipeline.ts', ...QUICKSTART],
  ['worker', 'pipeline.ts'],
];

test.each([
  // The SDK tries such a one for 10 s.
  ['a web site', webSite, COMMANDS.slice(0, 1)],
  ['a web site of HTTP/2', webSiteOfHttp2, COMMANDS],
  ['another service of gRPC', otherService, COMMANDS],
])('%s is no Temporal server', async (_, server, commands) => {
  const address = await serve(server());
  const said = RegExp(
    `^error ServerUnreachable: Something listens at ${address}, but does not answer as a Temporal`,
  );
  for (const words of commands) expectRefused(await runWarm(project, [...words, '--address', address]), said);
  quietRuntime();
  expect(await rejectionOf(createWorker({ address, tapestries: [idle] }))).toMatchObject(
    refusal('ServerUnreachable', 'Something listens at'),
  );
});

test.each(COMMANDS.map((words) => [words[0]!, words]))(
  'an unknown namespace ends `%s`, on the embedded server and another',
  async (_, words) => {
    const own = await runWarm(project, [...words, '--namespace', 'nope']);
    expectRefused(
      own,
      /^error UnknownNamespace: The Temporal server at .* has no namespace "nope"\..*--namespace/,
    );
    const other = await runWarm(project, [
      ...words,
      '--namespace',
      'nope',
      '--address',
      sharedServerAddress(),
    ]);
    expectRefused(other, /^error UnknownNamespace: .* has no namespace "nope"\./);
  },
);

test('an unknown namespace is told to clients and workers of programs alike', async () => {
  const choice = { address: sharedServerAddress(), namespace: 'nope' };
  const unknown = refusal('UnknownNamespace', '"nope"');
  expect(await rejectionOf(Selvage.connect({ ...choice, projectDir: project }))).toMatchObject(unknown);
  quietRuntime();
  expect(await rejectionOf(createWorker({ ...choice, tapestries: [idle] }))).toMatchObject(unknown);
});

test('a URL is refused, and the address in it offered', async () => {
  for (const words of COMMANDS) {
    const finished = await runWarm(project, [...words, '--address', 'http://127.0.0.1:7233']);
    expectRefused(finished, /^error InvalidAddress: .*HOST:PORT.* Did you mean 127\.0\.0\.1:7233\?$/m);
  }
});
