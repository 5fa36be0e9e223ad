import { setTimeout as delay } from 'node:timers/promises';
import { NativeConnection } from '@temporalio/worker';
import type { Connected } from '../client/selvage';
import { createWorker, type CreateWorkerOptions } from './create-worker';
import { toNativeOptions } from './native-connection';

const BEGIN_POLL_MS = 10;

/** A worker that runs beside a client in one process. */
export interface WorkerBeside {
  /** Resolves when the worker has ended; rejects if it could not go on. */
  readonly ended: Promise<void>;
  /** Lets running bodies end, then stops. */
  stop(): Promise<void>;
}

/** Starts a worker on the client's server and backends, and returns when it polls. */
export async function runWorkerBeside(
  connected: Connected,
  options: Omit<CreateWorkerOptions, 'connection' | 'address' | 'namespace' | 'backends'>,
): Promise<WorkerBeside> {
  const connection = await NativeConnection.connect(toNativeOptions(connected.connection));
  try {
    const worker = await createWorker({
      ...options,
      connection,
      namespace: connected.place.namespace,
      backends: connected.backends,
    });
    const ended = worker.run().finally(() => connection.close());
    // Whoever stops the worker hears of it; until then it must not end the process.
    ended.catch(() => {});
    return {
      ended,
      async stop() {
        // One that has not begun yet cannot be told to stop, and would not end by itself.
        while (worker.getState() === 'INITIALIZED') await Promise.race([ended, delay(BEGIN_POLL_MS)]);
        if (worker.getState() === 'RUNNING') worker.shutdown();
        await ended;
      },
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}
