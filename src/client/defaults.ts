/** The task queue of runs and workers that name none. */
export const DEFAULT_TASK_QUEUE = 'selvage';
