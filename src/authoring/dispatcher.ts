import type { LocalDispatcher, QueueDispatcher } from './records';

/**
 * Runs a body on Temporal as an activity of its own, on the named task queue.
 *
 * @param taskQueue if omitted, the task queue of the run
 */
export function queue(taskQueue?: string): QueueDispatcher {
  return taskQueue === undefined ? { kind: 'queue' } : { kind: 'queue', taskQueue };
}

/**
 * Runs a body on Temporal together with other `local()` knots in a *segment*: one activity on the run's task queue that
 * runs many knots in one worker, in the order of their inputs, and commits each as it ends. Meant for small, fast
 * bodies: a durable knot then costs a fraction of a millisecond. Outcomes, values, hashes and records equal those of
 * `queue()`; `retry`, `timeout` and cancelling work the same.
 *
 * The price: the knots of a segment share one process, so a body that kills its worker takes a few others with it (they
 * are run one by one from then on). A knot outside the segment gets a value from it only when the segment ends. What a
 * body passes to `ctx.heartbeat` reaches its retries in the same segment, but no other worker. In process, `local()`
 * changes nothing.
 */
export function local(): LocalDispatcher {
  return { kind: 'local' };
}
