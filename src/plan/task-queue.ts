import type { TapestryRecord } from '../authoring/records';

/** The default task queue of a tapestry's runs and workers. */
export function taskQueueOf({
  tapestry,
  queue,
}: {
  readonly tapestry: string;
  readonly queue?: string;
}): string {
  return queue ?? `selvage/${tapestry}`;
}

export function taskQueuesOf(tapestries: readonly TapestryRecord[]): string[] {
  return [
    ...new Set(
      tapestries.map(({ name, options: { taskQueue: queue } }) =>
        taskQueueOf({ tapestry: name, ...(queue !== undefined && { queue }) }),
      ),
    ),
  ];
}

const FOREGROUND = 'selvage.run/';

/**
 * The task queue of a run that a single command starts and works for. Nothing else uses this queue: the command
 * executes only its own run, and the run only the command's code.
 */
export function foregroundQueue(runId: string): string {
  return `${FOREGROUND}${runId}`;
}

export function isForegroundQueue(taskQueue: string): boolean {
  return taskQueue.startsWith(FOREGROUND);
}
