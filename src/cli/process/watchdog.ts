// Warns of a blocked event loop, as docs/failures.md promises. Only another thread can speak meanwhile.

import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { SharedBodies } from './shared-bodies';
import { tellWhere, type Where } from './where-it-is';

const BEAT_MS = 1_000;

export interface WatchdogData {
  readonly memory: SharedArrayBuffer;
  /** Whether the terminal has a line that is rewritten in place, below which the thread has to write. */
  readonly isLive: boolean;
}

/**
 * Starts the thread that reports a blocked event loop. The thread does not keep the process alive, and starts
 * in some milliseconds.
 *
 * @param where called inside of the code that blocks
 */
export function startWatchdog(bodies: SharedBodies, isLive: boolean, where: () => Where): void {
  tellWhere(where);
  setInterval(() => bodies.beat(), BEAT_MS).unref();
  const workerData: WatchdogData = { memory: bodies.memory, isLive };
  const thread = new Worker(path.join(__dirname, 'watchdog-thread.js'), {
    workerData,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
  });
  // Without the thread, a blocked event loop is not reported; everything else goes on.
  thread.on('error', () => {});
  thread.unref();
}
