import type { TapestryRecord } from '../model/records';

/** The task queue of a tapestry's runs, and of the workers that have it, if nobody names another. */
export function taskQueueOf({
  tapestry,
  queue,
}: {
  readonly tapestry: string;
  readonly queue?: string;
}): string {
  return queue ?? `selvage/${tapestry}`;
}

/** The task queues of tapestries, each once. */
export function taskQueuesOf(tapestries: readonly TapestryRecord[]): string[] {
  return [
    ...new Set(
      tapestries.map(({ name, options: { queue } }) =>
        taskQueueOf({ tapestry: name, ...(queue !== undefined && { queue }) }),
      ),
    ),
  ];
}

const FOREGROUND = 'selvage.run/';

/**
 * The task queue of a run that one command starts and works for. No other run and no other worker has it, so that the command executes
 * nothing but its run, and its run nothing but the code of the command.
 */
export function foregroundQueue(runId: string): string {
  return `${FOREGROUND}${runId}`;
}

export function isForegroundQueue(taskQueue: string): boolean {
  return taskQueue.startsWith(FOREGROUND);
}
