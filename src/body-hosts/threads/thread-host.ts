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

export interface ThreadData {
  /** The file that exports the tapestries. */
  readonly module: string;
  /** Carries the frames. The port is not that to the parent, on which a body's modules may post. */
  readonly port: MessagePort;
}

/** The program is named by its path, as importing it would pull in users' files. */
const MAIN = path.join(__dirname, '..', '..', 'body-thread', 'main');
/** The built program is JavaScript; from the sources, it needs their compiler. */
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
      // The last messages.
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
