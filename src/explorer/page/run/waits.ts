import type { WaitingKnot, WorkflowTaskState } from '../../../connection/explain/waiting';

export type WaitKind =
  'queue' | 'limit' | 'retry' | 'worker' | 'backend' | 'signal' | 'time' | 'run' | 'paused' | 'other';

export const WAIT_KINDS: Readonly<Record<WaitKind, string>> = {
  queue: 'in the queue, for a free worker',
  limit: 'for a limit',
  retry: 'before another attempt',
  worker: 'for a worker that can run it',
  backend: 'for a backend that is unavailable',
  signal: 'for a signal',
  time: 'for a time',
  run: 'for the next workflow task',
  paused: 'paused by an operator',
  other: 'for another reason',
};

export const WAIT_WORDS: Readonly<Record<WaitKind, string>> = {
  queue: 'queue',
  limit: 'limit',
  retry: 'retry',
  worker: 'no worker',
  backend: 'backend',
  signal: 'signal',
  time: 'time',
  run: 'run',
  paused: 'paused',
  other: 'waits',
};

const KINDS: Readonly<Record<string, WaitKind>> = {
  Queued: 'queue',
  PendingActivityLimit: 'run',
  LimitReached: 'limit',
  BodyThrew: 'retry',
  // A wait on record, of an attempt that is over.
  Retry: 'retry',
  HeartbeatTimeout: 'worker',
  NoWorker: 'worker',
  BodyMissing: 'worker',
  UnknownTapestry: 'worker',
  BackendUnavailable: 'backend',
  ValueMissing: 'backend',
  ValueInProgress: 'limit',
  Quarantined: 'limit',
  Signal: 'signal',
  Time: 'time',
  ContinuingAsNew: 'run',
  NextWorkflowTask: 'run',
  Paused: 'paused',
  Cancelling: 'other',
};

export function waitKind(code: string): WaitKind {
  return Object.hasOwn(KINDS, code) ? KINDS[code]! : 'other';
}

/** A sentence that says what the whole run waits for; undefined if it goes on. */
export function bannerOf(
  waiting: Readonly<Record<string, WaitingKnot>>,
  workflowTask: Pick<WorkflowTaskState, 'code' | 'message'> | undefined,
): { readonly sentence: string; readonly knot?: string } | undefined {
  if (workflowTask && workflowTask.code !== 'WorkflowTaskRunning')
    return { sentence: `The run takes no step: ${workflowTask.message}` };
  const entries = Object.entries(waiting);
  if (entries.some(([, { state }]) => state === 'running')) return undefined;
  const stuck = entries.filter(([, { state }]) => state !== 'blocked');
  const [first] = stuck.sort(([, a], [, b]) => weight(a) - weight(b));
  if (!first) return undefined;
  const [
    knot,
    {
      reason: { message, code },
      signal,
    },
  ] = first;
  const others =
    stuck.length === 1
      ? ''
      : stuck.length === 2
        ? ' So does another one.'
        : ` So do ${stuck.length - 1} others.`;
  if (stuck.length > 1 && code === 'Queued') {
    return { knot, sentence: `${stuck.length} knots wait in the queue for a free worker.` };
  }
  if (signal !== undefined) {
    return {
      knot,
      sentence: `${knot} waits for the signal ${signal}.${stuck.length > 1 ? ` ${stuck.length - 1} more wait.` : ''}`,
    };
  }
  return { knot, sentence: `${knot} waits: ${message.replace(/\.?$/u, '.')}${others}` };
}

/** Kinds of waits in their order: those that need somebody's attention come first. */
const ORDER: readonly WaitKind[] = ['worker', 'backend', 'paused', 'signal', 'retry', 'limit', 'queue'];

function weight({ reason: { code } }: WaitingKnot): number {
  const at = ORDER.indexOf(waitKind(code));
  return at < 0 ? ORDER.length : at;
}
