import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Connection, type Client } from '@temporalio/client';
import { findTemporalCli } from '../../src/server';
import { until } from './until';
import { startTestServer, type TestServer } from './temporal-server';

/** The server's two schedulers: V1 runs schedules as workflows, V2 as parts of the server. */
export type Scheduler = 'V1' | 'V2';
export const SCHEDULERS: readonly Scheduler[] = ['V1', 'V2'];

/** A server that uses only this scheduler. */
export async function startServerWith(scheduler: Scheduler): Promise<TestServer> {
  return await startTestServer({ dynamicConfig: settingsOf(scheduler) });
}

function settingsOf(scheduler: Scheduler): string[] {
  const isNew = scheduler === 'V2';
  return [
    `history.enableCHASMSchedulerCreation=${isNew}`,
    `history.chasmSchedulerCreationRolloutPercent=${isNew ? 100 : 0}`,
    `history.enableCHASMSchedulerRouting=${isNew}`,
  ];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The scheduler of a schedule. V2 reserves the id of V1's workflow by a workflow of another type. */
export async function schedulerOf(client: Client, id: string): Promise<Scheduler> {
  const { type } = await client.workflow.getHandle(`temporal-sys-scheduler:${id}`).describe();
  return type === 'temporal-sys-scheduler-workflow' ? 'V1' : 'V2';
}

/** A server that can stay away; the embedded one would be restarted at once. */
export class InterruptibleServer {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly scheduler: Scheduler,
    private readonly folder: string,
    readonly address: string,
  ) {}

  static async start(scheduler: Scheduler): Promise<InterruptibleServer> {
    const folder = await mkdtemp(path.join(tmpdir(), 'selvage-test-server-'));
    const server = new InterruptibleServer(scheduler, folder, `127.0.0.1:${await freePort()}`);
    await server.start();
    return server;
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const port = this.address.split(':')[1]!;
    this.child = spawn(
      await findTemporalCli(),
      [
        ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', port, '--headless', '--log-level', 'error'],
        ...['--db-filename', path.join(this.folder, 'server.db')],
        ...settingsOf(this.scheduler).flatMap((setting) => ['--dynamic-config-value', setting]),
      ],
      { stdio: 'ignore' },
    );
    await until('the server answers', async () => {
      const connection = await Connection.connect({ address: this.address, connectTimeout: 1_000 }).catch(
        () => undefined,
      );
      const namespace = await connection?.workflowService
        .describeNamespace({ namespace: 'default' })
        .catch(() => undefined);
      await connection?.close();
      return namespace;
    });
  }

  /** Kills it at once, whatever it does. */
  async kill(): Promise<void> {
    if (!this.child) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
    this.child = undefined;
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}
