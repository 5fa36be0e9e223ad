import type { QueueDispatcher } from './records';

/**
 * Runs a body on Temporal as an activity of its own, on the named task queue.
 *
 * @param taskQueue default: the task queue of the run.
 */
export function queue(taskQueue?: string): QueueDispatcher {
  return taskQueue === undefined ? { kind: 'queue' } : { kind: 'queue', taskQueue };
}
