import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { SharedBodies } from './shared-bodies';
import { tellWhere, type Where } from './where-it-is';

const BEAT_MS = 1_000;

/** What the thread of the watchdog is given. */
export interface WatchdogData {
  readonly memory: SharedArrayBuffer;
  /** Whether a line is rewritten in place on the terminal, below which it has to write. */
  readonly isLive: boolean;
}

/**
 * Starts the thread that tells of an event loop that is blocked. It keeps no process alive, and takes some milliseconds.
 *
 * @param where called in the middle of what blocks
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
  // Without it, nothing is told of a blocked event loop; everything else goes on.
  thread.on('error', () => {});
  thread.unref();
}
