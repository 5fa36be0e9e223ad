import type { Selvage } from '../client';
import { SelvageError } from '../errors';
import { late } from './late-imports';

/**
 * Makes sure that somebody works for what is about to be started. A worker that was killed in the last minute passes for one.
 *
 * @throws SelvageError `NoWorker`
 */
export async function requireWorker({ taskQueue, place, client }: Selvage): Promise<void> {
  const { pollersOf } = late.client();
  for (const kind of ['workflow', 'activity'] as const) {
    const { alive } = await pollersOf(client.workflow, taskQueue, kind);
    if (alive.length > 0) continue;
    throw new SelvageError(
      'NoWorker',
      `Nothing polls the task queue "${taskQueue}" at ${place.address}, so that the run would not begin. Start ` +
        '`selvage worker FILE` or `selvage dev FILE` first, or let this command work itself: `run` without --detach, `resume` with the file.',
      { details: { taskQueue, address: place.address } },
    );
  }
}
