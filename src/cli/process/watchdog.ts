// Warns of a blocked event loop, as docs/failures/process-exits.md promises. Only another thread can report a block.

import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { SharedBodies } from './shared-bodies';
import { tellWhere, type Where } from './where-it-is';

const BEAT_MS = 1_000;

export interface WatchdogData {
  readonly memory: SharedArrayBuffer;
  /** Whether the terminal has live lines, below which the thread must write. */
  readonly isLive: boolean;
}

/**
 * Starts the thread within milliseconds; it does not keep the process alive.
 *
 * @param where called inside the blocking code
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
  // Without the thread, a blocked event loop is not reported; everything else works.
  thread.on('error', () => {});
  thread.unref();
}
