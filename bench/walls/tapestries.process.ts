/**
 * A program with many tapestries: of ours, or of as many workers of Temporal's SDK that share one creator of workflows. Prints a line of JSON.
 *
 * Arguments: `ours` or `raw`, how many, the server's address, a folder for records, a prebuilt workflow bundle for `raw`.
 */
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import {
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type CompiledWorkerOptions,
  type Logger,
} from '@temporalio/worker';
import type { WorkflowCreator } from '@temporalio/worker/lib/workflow/interface';
import type { WorkflowBundleWithSourceMapAndFilename } from '@temporalio/worker/lib/workflow/workflow-worker-thread/input';
import { knot, tapestry } from 'selvage';
import { openBackends } from 'selvage/backends';
import { Selvage } from 'selvage/client';
import { tunedWorkerOptions } from 'selvage/worker';
import { z } from 'zod';
import * as activities from '../raw/quickstart.activities';
import { inParallel } from '../../src/values/in-parallel';
import { timed } from '../statistics';

export interface ManyTapestries {
  readonly openMs: number;
  readonly firstRunMs: number;
  readonly idleMegabytes: number;
  /** Of one core, while nothing is to be done. */
  readonly idleCpuPercent: number;
  /** Resident memory at its highest, when many runs at once have ended. Ours alone. */
  readonly loadedMegabytes?: number;
  /** Of client and worker, a run of two knots. Ours alone. */
  readonly runCpuMs?: number;
}

interface Opened {
  /** Runs the last one. */
  run(): Promise<void>;
  /** Runs all of them, several times. */
  load?(runs: number): Promise<void>;
  close(): Promise<void>;
}

/** Those that ours have. */
const POLLERS = { type: 'autoscaling', minimum: 1, initial: 1, maximum: 40 } as const;
const REST_MS = 3_000;
const LOOKED_AT_MS = 10_000;
const RUNS = 1_000;
const AT_ONCE = 50;
const MEGABYTE = 1_000_000;

const double = knot('double', ({ x }: { x: number }) => x * 2);
const add = knot('add', ({ a, b }: { a: number; b: number }) => a + b);

async function ours(count: number, address: string, folder: string): Promise<Opened> {
  const tapestries = Array.from({ length: count }, (_, index) =>
    tapestry(`wall-${index}`, (t) => {
      const x = t.parameter('x', z.number());
      return { answer: add({ a: x, b: double({ x }, { id: 'd' }) }, { id: 'answer' }) };
    }),
  );
  const backends = await openBackends({ history: `sqlite://${path.join(folder, 'selvage.db')}` });
  const selvage = await Selvage.open({ address, tapestries, backends });
  const runOf = async (index: number): Promise<void> =>
    expectAnswer((await (await selvage.start(tapestries[index % count]!, { x: 5 })).values()).answer);
  return {
    run: () => runOf(count - 1),
    load: (runs) => inParallel(Array.from({ length: runs }).keys(), AT_ONCE, runOf),
    close: async () => {
      await selvage.close();
      await backends.close();
    },
  };
}

let creator: Promise<WorkflowCreator> | undefined;

/** The least that sharing can cost: one creator for all, which nobody counts or destroys. */
class SharingWorker extends Worker {
  protected static override async createWorkflowCreator(
    bundle: WorkflowBundleWithSourceMapAndFilename,
    options: CompiledWorkerOptions,
    logger: Logger,
  ): Promise<WorkflowCreator> {
    const shared = await (creator ??= super.createWorkflowCreator(bundle, options, logger));
    return {
      createWorkflow: (workflow) => shared.createWorkflow(workflow),
      destroy: () => Promise.resolve(),
    };
  }
}

async function raw(count: number, address: string, codePath: string): Promise<Opened> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const workers: Worker[] = [];
  const queue = (index: number): string => `wall-raw-${process.pid}-${index}`;
  for (let index = 0; index < count; index++) {
    workers.push(
      await SharingWorker.create({
        ...tunedWorkerOptions,
        maxConcurrentWorkflowTaskExecutions: 10,
        maxCachedWorkflows: 10,
        workflowTaskPollerBehavior: POLLERS,
        activityTaskPollerBehavior: POLLERS,
        connection: native,
        taskQueue: queue(index),
        activities,
        workflowBundle: { codePath },
      }),
    );
  }
  const ended = workers.map((worker) => worker.run());
  return {
    run: async () =>
      expectAnswer(
        await new Client({ connection }).workflow.execute('quickstart', {
          taskQueue: queue(count - 1),
          workflowId: queue(count - 1),
          args: [{ x: 5 }],
        }),
      ),
    close: async () => {
      for (const worker of workers) worker.shutdown();
      await Promise.all(ended);
      await (await creator)?.destroy();
      await native.close();
      await connection.close();
    },
  };
}

function expectAnswer(answer: unknown): void {
  const value = typeof answer === 'object' && answer ? (answer as { answer: unknown }).answer : answer;
  if (value !== 15) throw new Error(`The run came to ${String(value)}, not to 15.`);
}

async function cpuMs(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

async function main(): Promise<void> {
  const [side, count, address, folder, bundle] = process.argv.slice(2) as [
    string,
    string,
    string,
    string,
    string,
  ];
  let opened: Opened | undefined;
  const openMs = await timed(async () => {
    opened =
      side === 'ours'
        ? await ours(Number(count), address, folder)
        : await raw(Number(count), address, bundle);
  });
  const firstRunMs = await timed(() => opened!.run());
  await delay(REST_MS);
  const idleMegabytes = process.memoryUsage.rss() / MEGABYTE;
  const idleCpuPercent = (100 * (await cpuMs(() => delay(LOOKED_AT_MS)))) / LOOKED_AT_MS;
  const { load } = opened!;
  const runCpuMs = load && (await cpuMs(() => load(RUNS))) / RUNS;
  const loadedMegabytes = load && (process.resourceUsage().maxRSS * 1_024) / MEGABYTE;
  await opened!.close();
  const told: ManyTapestries = {
    openMs,
    firstRunMs,
    idleMegabytes,
    idleCpuPercent,
    loadedMegabytes,
    runCpuMs,
  };
  process.stdout.write(`${JSON.stringify(told)}\n`);
}

void main();
