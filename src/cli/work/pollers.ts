import { setTimeout as delay } from 'node:timers/promises';
import type { RunHandle, Selvage, RunDescription } from '../../client';
import { nobodyPolls } from '../../connection/explain/nobody-polls';
import { isForegroundQueue } from '../../plan';
import { SelvageError } from '../../errors';
import { apiOf, placeWords, type ApiOptions, type ServerOptions } from '../options/server-options';
import type { Output } from '../output/output';
import { commandLine } from '../output/typed-commands';

/**
 * Checks for a worker before a run is started. Except on the embedded server, a worker killed in the last minute
 * still counts.
 *
 * @throws SelvageError `NoWorker`
 */
export async function requireWorker({ location: place, pollers }: Selvage, taskQueue: string): Promise<void> {
  const all = await Promise.all([pollers.of(taskQueue, 'workflow'), pollers.of(taskQueue, 'activity')]);
  const missing = all.find((polled) => polled?.alive.length === 0);
  if (!missing) return;
  throw new SelvageError(
    'NoWorker',
    `At ${place.address} ${nobodyPolls(taskQueue, missing)}, so that the run would not begin. Start ` +
      '`selvage worker FILE` or `selvage dev FILE` first, or let this command work itself: `run` without --detach, `resume` with the file.',
    { details: { taskQueue, address: place.address } },
  );
}

/** Milliseconds that the server may take to register a new worker's first poll. */
const FIRST_POLL_LIMIT_MS = 10_000;
const LOOK_AGAIN_MS = 20;

/** Waits until workers are registered, so that a run may start: at most 10 s, and not if the server is away. */
export async function untilPolled({ pollers }: Selvage, taskQueues: readonly string[]): Promise<void> {
  const giveUpAt = performance.now() + FIRST_POLL_LIMIT_MS;
  for (const taskQueue of taskQueues) {
    try {
      while (!(await pollers.areThere(taskQueue)) && performance.now() < giveUpAt) await delay(LOOK_AGAIN_MS);
    } catch (error) {
      // The worker itself keeps trying.
      if (!SelvageError.is(error)) throw error;
      return;
    }
  }
}

export async function warnOfNoWorker(
  { pollers }: Selvage,
  { runId, taskQueue }: { readonly runId: string; readonly taskQueue: string },
  options: ServerOptions,
  output: Output,
): Promise<void> {
  if (!(await pollers.areThere(taskQueue))) output.warn(noWorkerText({ runId, taskQueue }, options));
}

export function noWorkerText(
  { runId, taskQueue }: { readonly runId: string; readonly taskQueue: string },
  options: ServerOptions & ApiOptions,
): string {
  const place = placeWords(options);
  const work = isForegroundQueue(taskQueue) ? ['resume', runId, 'FILE'] : ['worker', 'FILE'];
  return (
    `No worker polls task queue ${taskQueue} of run ${runId}, so nothing happens until one does.\n` +
    (apiOf(options) === undefined ? `  Work for it:    ${commandLine([...work, ...place])}\n` : '') +
    `  End it at once: ${commandLine(['runs', 'terminate', runId, ...place])}`
  );
}

/** The run's task queue; undefined if the run is over, or the server does not know it. */
export async function standingOf(run: RunHandle): Promise<RunDescription | undefined> {
  try {
    return await run.describe();
  } catch (error) {
    if (SelvageError.is(error, 'UnknownRun') || SelvageError.is(error, 'RunOver')) return undefined;
    throw error;
  }
}
