import type { LocalDispatcher, QueueDispatcher } from './records';

/**
 * Runs a body on Temporal as an activity of its own, on the named task queue.
 *
 * @param taskQueue default: the task queue of the run.
 */
export function queue(taskQueue?: string): QueueDispatcher {
  return taskQueue === undefined ? { kind: 'queue' } : { kind: 'queue', taskQueue };
}

/**
 * Runs a body on Temporal together with other `local()` knots in a *segment*: one activity on the run's task queue that runs many
 * knots in one worker, in the order that their inputs ask for, and commits each as it ends. For small, fast bodies: a durable knot
 * then costs a fraction of a millisecond. Outcomes, values, hashes and records are those of `queue()`, and so are `retry`,
 * `timeout` and cancelling.
 *
 * What it costs: the knots of a segment share one process, so a body that kills its worker takes a few others with it (they are
 * run one by one from then on); a knot outside that needs a value from a segment gets it when the segment ends; and what a body
 * gives to `ctx.heartbeat` reaches its retries in the same segment, but not another worker. In process it means nothing special.
 */
export function local(): LocalDispatcher {
  return { kind: 'local' };
}
