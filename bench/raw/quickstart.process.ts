/**
 * What somebody writes on Temporal's SDK alone to get one result: server if there is none, worker, run.
 *
 * Arguments: the port of the server, a prebuilt workflow bundle, and, where the server is to be started, its program and database.
 */
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import * as activities from './quickstart.activities';

const RETRY_MS = 25;

async function main(): Promise<void> {
  const [port, codePath, program, database] = process.argv.slice(2) as [string, string, string?, string?];
  const options = ['server', 'start-dev', '--headless', '--port', port, '--db-filename', database ?? ''];
  const server =
    program === undefined
      ? undefined
      : spawn(program, [...options, '--log-level', 'never'], { stdio: 'ignore' });
  while (!(await isOpen(Number(port)))) await delay(RETRY_MS);
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const address = `127.0.0.1:${port}`;
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const id = `raw-${process.pid}`;
  const worker = await Worker.create({
    connection: native,
    taskQueue: id,
    activities,
    workflowBundle: { codePath },
  });
  const run = new Client({ connection }).workflow.execute('quickstart', {
    taskQueue: id,
    workflowId: id,
    args: [{ x: 5 }],
  });
  console.log(await worker.runUntil(run));
  await native.close();
  await connection.close();
  server?.kill();
  process.exit(0);
}

async function isOpen(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

void main();
