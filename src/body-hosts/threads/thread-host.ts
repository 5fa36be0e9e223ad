import path from 'node:path';
import { existsSync } from 'node:fs';
import {
  MessageChannel,
  Worker,
  receiveMessageOnPort,
  type MessagePort,
  type TransferListItem,
} from 'node:worker_threads';
import type { StartedHost } from '../host-pool';
import { PortLink } from './port-link';

/** What a body thread is started with. */
export interface ThreadData {
  /** The file that exports the tapestries. */
  readonly module: string;
  /** What carries the frames. Not the port to the parent, on which whatever a body loads may post. */
  readonly port: MessagePort;
}

/** Named by its path: what runs there loads users' files, and so all that this worker may be made of. */
const MAIN = path.join(__dirname, '..', '..', 'body-thread', 'main');
/** Built, it is JavaScript; run from the sources, it needs their compiler. */
const BODY_THREAD = existsSync(`${MAIN}.js`)
  ? `require(${JSON.stringify(`${MAIN}.js`)})`
  : `require(${JSON.stringify(require.resolve('tsx/cjs'))});require(${JSON.stringify(`${MAIN}.ts`)})`;

let count = 0;

/** Starts a thread that loads the module and calls its bodies. */
export function startThread(module: string, memoryLimit: number | undefined): StartedHost {
  count += 1;
  const name = `Body thread ${count}`;
  const { port1: port, port2: theirs } = new MessageChannel();
  const worker = new Worker(BODY_THREAD, {
    eval: true,
    workerData: { module, port: theirs } satisfies ThreadData,
    transferList: [theirs],
    ...(memoryLimit !== undefined && { resourceLimits: { maxOldGenerationSizeMb: memoryLimit } }),
  });
  const link = new PortLink({
    post: (message, transfer) => port.postMessage(message, transfer as TransferListItem[]),
    close: () => undefined,
  });
  let failure: Error | undefined;
  port.on('message', (message) => link.take(message));
  port.unref();
  worker.on('error', (error) => (failure = error));
  const gone = new Promise<void>((resolve) => {
    worker.on('exit', (code) => {
      // What it said last.
      for (let last; (last = receiveMessageOnPort(port));) link.take(last.message);
      port.close();
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
