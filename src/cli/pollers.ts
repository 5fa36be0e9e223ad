import type { RunHandle, Selvage, Standing } from '../client';
import { isForegroundQueue } from '../engine';
import { SelvageError } from '../errors';
import type { Output } from './output';
import { commandLine } from './own-command';
import { placeWords, type ServerOptions } from './server-options';

/**
 * Makes sure that somebody works for what is about to be started. Elsewhere than on the embedded server, a worker that was killed in the last
 * minute passes for one.
 *
 * @throws SelvageError `NoWorker`
 */
export async function requireWorker({ place, pollers }: Selvage, taskQueue: string): Promise<void> {
  if (await pollers.areThere(taskQueue)) return;
  throw new SelvageError(
    'NoWorker',
    `Nothing polls the task queue "${taskQueue}" at ${place.address}, so that the run would not begin. Start ` +
      '`selvage worker FILE` or `selvage dev FILE` first, or let this command work itself: `run` without --detach, `resume` with the file.',
    { details: { taskQueue, address: place.address } },
  );
}

/** Says it where nobody works for a run that was asked for something, and what the user can do. */
export async function warnOfNoWorker(
  { pollers }: Selvage,
  { runId, taskQueue }: { readonly runId: string; readonly taskQueue: string },
  options: ServerOptions,
  output: Output,
): Promise<void> {
  if (await pollers.areThere(taskQueue)) return;
  const place = placeWords(options);
  const work = isForegroundQueue(taskQueue) ? ['resume', runId, 'FILE'] : ['worker', 'FILE'];
  output.warn(
    `No worker polls task queue ${taskQueue} of run ${runId}, so nothing happens until one does.\n` +
      `  Work for it:    ${commandLine([...work, ...place])}\n` +
      `  End it at once: ${commandLine(['runs', 'terminate', runId, ...place])}`,
  );
}

/** Undefined of a run that is over, or that the server does not know. */
export async function standingOf(run: RunHandle): Promise<Standing | undefined> {
  try {
    return await run.standing();
  } catch (error) {
    if (SelvageError.is(error, 'UnknownRun') || SelvageError.is(error, 'RunOver')) return undefined;
    throw error;
  }
}
