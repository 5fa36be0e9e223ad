import path from 'node:path';
import { existsSync } from 'node:fs';
import { Worker, type TransferListItem } from 'node:worker_threads';
import type { StartedHost } from '../host-pool';
import { PortLink } from './port-link';

/** What a body thread is started with. */
export interface ThreadData {
  /** The file that exports the tapestries. */
  readonly module: string;
}

/** Named by its path: what runs there loads users' files, and so all that this worker may be made of. */
const MAIN = path.join(__dirname, '..', '..', 'body-thread', 'main');
/** Built, it is JavaScript; run from the sources, it needs their compiler. */
const BODY_THREAD = existsSync(`${MAIN}.js`)
  ? `require(${JSON.stringify(`${MAIN}.js`)})`
  : `require(${JSON.stringify(require.resolve('tsx/cjs'))});require(${JSON.stringify(`${MAIN}.ts`)})`;

let count = 0;

/** Starts a thread that loads the module and calls its bodies. */
export function startThread(data: ThreadData, memoryLimit: number | undefined): StartedHost {
  count += 1;
  const name = `Body thread ${count}`;
  const worker = new Worker(BODY_THREAD, {
    eval: true,
    workerData: data,
    ...(memoryLimit !== undefined && { resourceLimits: { maxOldGenerationSizeMb: memoryLimit } }),
  });
  const link = new PortLink({
    post: (message, transfer) => worker.postMessage(message, transfer as TransferListItem[]),
    close: () => undefined,
  });
  let failure: Error | undefined;
  worker.on('message', (message) => link.take(message));
  worker.on('error', (error) => (failure = error));
  const gone = new Promise<void>((resolve) => {
    worker.on('exit', (code) => {
      link.end(failure ?? (code === 0 ? undefined : new Error(`it ended with code ${code}`)));
      resolve();
    });
  });
  return {
    link,
    name,
    gone,
    hold: (isHeld) => (isHeld ? worker.ref() : worker.unref()),
    kill: () => void worker.terminate(),
  };
}
