import { recordOf } from '../authoring';
import type { OpenOptions, Selvage } from '../client';
import { SelvageError } from '../errors';
import { taskQueuesOf } from '../plan';
import type { Monitor } from './monitor';

type Tapestries = { readonly tapestries?: OpenOptions['tapestries'] };

export function queuesOf({ taskQueue }: Selvage, { tapestries = [] }: Tapestries): string[] {
  return taskQueue === undefined ? taskQueuesOf(tapestries.map((one) => recordOf(one))) : [taskQueue];
}

/** Errors of the worker's tapestries (whose task queues must be polled) and body hosts, by part. */
export function partsOfWorker(
  selvage: Selvage,
  { tapestries = [] }: Tapestries,
  monitor: Pick<Monitor, 'hostTroubles'>,
): Map<string, unknown> {
  const polled = new Set(selvage.polledQueues);
  const parts = new Map<string, unknown>();
  for (const tapestry of tapestries) {
    const [queue] = queuesOf(selvage, { tapestries: [tapestry] });
    const trouble = polled.has(queue!)
      ? undefined
      : new SelvageError('NoWorker', `The worker does not poll task queue ${queue} any more.`, {
          details: { taskQueue: queue },
        });
    parts.set(`tapestry:${tapestry.name}`, trouble);
  }
  for (const [name, trouble] of monitor.hostTroubles()) parts.set(`body-host:${name}`, trouble);
  return parts;
}
