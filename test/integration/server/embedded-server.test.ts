import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';

import { Client, Connection } from '@temporalio/client';

import { EmbeddedServer, type EmbeddedServerOptions } from '../../../src/server';
import { identify } from '../../../src/server/process-identity';
import { readState, serverFolder } from '../../../src/server/server-folder';
import { runs } from '../../support/thorough';
import { until } from '../../support/until';
import { Holder } from './holder';
import { commandOf, makeProject, portsOf, removeProjects, serverProcesses } from './projects';
import { refusal } from '../../support/refusal';

const acquired: EmbeddedServer[] = [];
const holders: Holder[] = [];

async function acquire(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const server = await EmbeddedServer.acquire(options);
  acquired.push(server);
  return server;
}

function hold(projectDir: string, options?: ConstructorParameters<typeof Holder>[1]): Holder {
  const holder = new Holder(projectDir, options);
  holders.push(holder);
  return holder;
}

afterEach(async () => {
  await Promise.all(holders.splice(0).map((holder) => holder.kill()));
  await Promise.all(acquired.splice(0).map((server) => server.release({ wait: true })));
});
afterAll(removeProjects);

async function withClient<T>(address: string, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await work(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

/** As a browser asks, which may send a POST of plain text to any address: what it gets to read. */
function overHttp(
  port: number,
  url: string,
  headers: http.OutgoingHttpHeaders,
  body?: string,
): Promise<string> {
  return new Promise((resolve) => {
    const type = body === undefined ? {} : { 'content-type': 'text/plain' };
    const options = {
      host: '127.0.0.1',
      port,
      path: url,
      method: body ? 'POST' : 'GET',
      headers: { ...headers, ...type },
    };
    const request = http.request(options, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
      response.on('end', () => resolve(text));
    });
    // The port may speak first, or wait for more.
    request.setTimeout(2_000, () => request.destroy());
    request.on('error', () => resolve(''));
    request.end(body);
  });
}

function isRunning(pid: number): boolean {
  return identify(pid) !== undefined;
}

function supervisorPid(projectDir: string): number {
  return readState(serverFolder(projectDir))!.supervisor.pid;
}

describe('while it is used', () => {
  const projectDir = makeProject();
  let server: EmbeddedServer;

  beforeAll(async () => {
    server = await EmbeddedServer.acquire({ projectDir });
  });
  afterAll(() => server.release({ wait: true }));

  test('serves Temporal’s API on the loopback interface', async () => {
    expect(server.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(server.namespace).toBe('default');
    await withClient(server.address, async (client) => {
      const { namespace } = server;
      const { namespaceInfo } = await client.workflowService.describeNamespace({ namespace });
      expect(namespaceInfo?.name).toBe('default');
    });
  });

  // Which ports a process listens on is read from /proc.
  (process.platform === 'linux' ? test.each : test.skip.each)([
    ['by its own address', {}],
    ['under a foreign name (DNS rebinding)', { host: 'evil.example' }],
    ['from a page of a foreign origin', { origin: 'http://evil.example' }],
  ])('no browser is told anything by any port, or starts anything: %s', async (_, headers) => {
    expect(server.uiUrl).toBeUndefined();
    const start = JSON.stringify({ workflowType: { name: 'any' }, taskQueue: { name: 'any' } });
    const answers = await Promise.all(
      portsOf(server.pid).flatMap((port) => [
        overHttp(port, '/api/v1/namespaces', headers),
        overHttp(port, '/api/v1/namespaces/default/workflows/from-a-page', headers, start),
      ]),
    );
    // The HTTP API refuses; gRPC knows no HTTP 1, and ends the connection.
    expect(answers.filter((answer) => answer.includes('Host not allowed'))).toHaveLength(2);
    expect(answers.join('\n')).not.toMatch(/namespaceInfo|runId/);
    await withClient(server.address, async (client) => {
      await expect(client.workflow.getHandle('from-a-page').describe()).rejects.toThrow('not found');
    });
  });

  test('is tuned, and keeps to its own folder', () => {
    const command = commandOf(server.pid);
    for (const setting of [
      '--ip 127.0.0.1',
      '--headless',
      '--sqlite-pragma journal_mode=WAL',
      '--sqlite-pragma synchronous=NORMAL',
      '--dynamic-config-value history.transferProcessorMaxPollRPS=5000',
      '--dynamic-config-value history.timerProcessorMaxPollRPS=5000',
      '--dynamic-config-value history.visibilityProcessorMaxPollRPS=5000',
      '--dynamic-config-value history.timerProcessorMaxTimeShift="10ms"',
      '--dynamic-config-value history.hostLevelCacheMaxSize=1000',
    ]) {
      expect(command.arguments).toContain(setting);
    }
    if (command.environment === undefined) return;
    expect(command.environment).toContain('GOGC=400');
    expect(command.environment).toContain('GOMEMLIMIT=400MiB');
    expect(command.environment).toContain(`HOME=${serverFolder(projectDir).home}`);
  });

  test('goes on when another claim of the same process ends', async () => {
    const other = await acquire({ projectDir });
    await other.release({ wait: true });
    await other.release();
    await withClient(server.address, (client) => client.workflowService.getSystemInfo({}));
    expect(isRunning(server.pid)).toBe(true);
  });
});

test('serves Temporal’s web page when asked, and is not changed for that under others', async () => {
  const projectDir = makeProject();
  const server = await acquire({ projectDir, temporalUi: true });
  expect((await fetch(server.uiUrl!)).status).toBe(200);
  const other = await acquire({ projectDir });
  expect(other).toMatchObject({ pid: server.pid, uiUrl: server.uiUrl });
  await other.release();
  await server.release({ wait: true });
  const headless = await acquire({ projectDir });
  expect(headless).toMatchObject({ address: server.address, uiUrl: undefined });
  await expect(EmbeddedServer.acquire({ projectDir, temporalUi: true })).rejects.toMatchObject(
    refusal('ServerStartFailed', "runs without Temporal's web page, and 1 other"),
  );
});

test('is shared by the processes of a project, and stops with the last one', async () => {
  const projectDir = makeProject();
  const other = hold(projectDir);
  const { pid, address } = await other.next('acquired');
  const server = await acquire({ projectDir });
  expect(server).toMatchObject({ pid, address });

  await other.release();
  await server.release({ wait: true });
  expect(isRunning(pid)).toBe(false);
  expect(readState(serverFolder(projectDir))).toMatchObject({ phase: 'stopped' });
});

test('outlives its last user for a moment, and then stops by itself', async () => {
  const projectDir = makeProject();
  const server = await acquire({ projectDir });
  const supervisor = supervisorPid(projectDir);
  const { pid } = server;

  await server.release();
  const next = await acquire({ projectDir });
  expect(next.pid).toBe(pid);

  next.releaseSync();
  await until('the server ends', () => !isRunning(pid));
  await until('the supervisor ends', () => !isRunning(supervisor));
});

test('serves again at the same address, with its runs, after it was killed', async () => {
  const restarts: number[] = [];
  const projectDir = makeProject();
  const server = await acquire({ projectDir, onRestart: (pid) => restarts.push(pid) });
  const { pid, address } = server;
  await withClient(address, (client) =>
    client.workflow.start('waiting', { workflowId: 'kept', taskQueue: 'nobody' }),
  );

  process.kill(pid, 'SIGKILL');
  await until('the restart is told', () => restarts.length > 0);

  expect(isRunning(pid)).toBe(false);
  expect(server.pid).not.toBe(pid);
  expect(restarts).toEqual([server.pid]);
  expect(server.address).toBe(address);
  await withClient(address, async (client) => {
    expect((await client.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
  });
});

test('stops when its only user is killed, and heeds none of Temporal’s variables and configuration of that user', async () => {
  const projectDir = makeProject();
  const config = path.join(projectDir, 'temporal.toml');
  writeFileSync(config, 'this is [ not toml');
  const only = hold(projectDir, {
    env: { TEMPORAL_CONFIG_FILE: config, TEMPORAL_PROFILE: 'production', TEMPORAL_ADDRESS: 'nowhere:1' },
  });
  const { pid } = await only.next('acquired');
  const supervisor = supervisorPid(projectDir);

  await only.kill();
  await until('the server ends', () => !isRunning(pid));
  await until('the supervisor ends', () => !isRunning(supervisor));
  expect(readdirSync(serverFolder(projectDir).leases)).toEqual([]);
});

test('gets a new supervisor when that is killed, which takes the running server over', async () => {
  const projectDir = makeProject();
  const server = await acquire({ projectDir });
  const { pid } = server;
  const killed = supervisorPid(projectDir);

  process.kill(killed, 'SIGKILL');
  await until('there is another supervisor', () => {
    const state = readState(serverFolder(projectDir));
    return state?.phase === 'ready' && state.supervisor.pid !== killed;
  });
  expect(isRunning(killed)).toBe(false);
  expect(server.pid).toBe(pid);

  process.kill(pid, 'SIGKILL');
  await until('the new supervisor has restarted the server', () => server.pid !== pid);
  await server.release({ wait: true });
  expect(isRunning(server.pid)).toBe(false);
});

test('comes back when server and supervisor are killed together', async () => {
  const projectDir = makeProject();
  const server = await acquire({ projectDir });
  const { pid, address } = server;

  process.kill(supervisorPid(projectDir), 'SIGKILL');
  process.kill(pid, 'SIGKILL');
  await until('the server has been restarted', () => server.pid !== pid);
  expect(server.address).toBe(address);
  await withClient(address, (client) => client.workflowService.getSystemInfo({}));
});

test('takes no dead process for a user, nor another process with its id', async () => {
  const projectDir = makeProject();
  const { leases } = serverFolder(projectDir);
  mkdirSync(leases, { recursive: true });
  writeFileSync(
    path.join(leases, 'reused.json'),
    JSON.stringify({ pid: process.pid, startedAt: 'long ago' }),
  );
  writeFileSync(path.join(leases, 'dead.json'), JSON.stringify({ pid: 2 ** 22 + 1, startedAt: 'long ago' }));

  const server = await acquire({ projectDir });
  await until('the stale leases are gone', () => readdirSync(leases).length === 1);
  await server.release({ wait: true });
  expect(isRunning(server.pid)).toBe(false);
});

const CROWD = runs(8, 20);

test(`${CROWD} processes that ask at once get one server`, async () => {
  const projectDir = makeProject();
  const many = Array.from({ length: CROWD }, () => hold(projectDir));
  const answers = await Promise.all(many.map((holder) => holder.next('acquired')));

  expect(new Set(answers.map(({ pid, address }) => `${pid} ${address}`)).size).toBe(1);
  expect(serverProcesses(projectDir)).toEqual([answers[0]!.pid]);
  expect(readdirSync(serverFolder(projectDir).leases)).toHaveLength(CROWD);

  await Promise.all(many.map((holder) => holder.release()));
  await until('the server ends', () => !isRunning(answers[0]!.pid));
});

test('keeps its runs and its port from one use to the next, listens where it is told to, and refuses another port while others use it', async () => {
  const projectDir = makeProject();
  const first = await acquire({ projectDir });
  const port = Number(first.address.split(':')[1]);
  await withClient(first.address, (client) =>
    client.workflow.start('waiting', { workflowId: 'kept', taskQueue: 'nobody' }),
  );
  await first.release({ wait: true });

  const other = hold(projectDir);
  expect((await other.next('acquired')).address).toBe(`127.0.0.1:${port}`);
  const refused = EmbeddedServer.acquire({ projectDir, port: port - 1 });
  await expect(refused).rejects.toMatchObject(
    refusal('ServerStartFailed', `port ${port}, not on ${port - 1}`),
  );
  await expect(EmbeddedServer.acquire({ projectDir, durable: true })).rejects.toMatchObject(
    refusal('ServerStartFailed', 'durable'),
  );

  await withClient(`127.0.0.1:${port}`, async (client) => {
    expect((await client.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
  });
  await other.kill();
  const moved = await acquire({ projectDir, port: port + 2, durable: true });
  expect(moved.address).toBe(`127.0.0.1:${port + 2}`);
  expect(commandOf(moved.pid).arguments).toContain('synchronous=FULL');
});

test('gives its lease back when the process ends by itself', async () => {
  const projectDir = makeProject();
  const holder = hold(projectDir);
  await holder.next('acquired');
  const { leases } = serverFolder(projectDir);
  expect(readdirSync(leases)).toHaveLength(1);

  await holder.leave();
  expect(readdirSync(leases)).toEqual([]);
});
