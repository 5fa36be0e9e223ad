import { TASK_COMMAND_BYTES } from '../plan';

/** A generous estimate of what Temporal adds to the input of one activity command. */
export const COMMAND_OVERHEAD_BYTES = 512;

/** How many more bytes of commands the current workflow task may carry. */
export class CommandBudget {
  private task = -1;
  private spent = 0;

  /**
   * @param currentTask returns a number that changes with every workflow task and is equal on replay (the history's
   * length)
   */
  constructor(
    private readonly currentTask: () => number,
    private readonly limit = TASK_COMMAND_BYTES,
  ) {}

  /** Takes `bytes` from this task's budget if they fit. A first command always fits, whatever its size. */
  take(bytes: number): boolean {
    const task = this.currentTask();
    if (task !== this.task) {
      this.task = task;
      this.spent = 0;
    }
    const cost = bytes + COMMAND_OVERHEAD_BYTES;
    if (this.spent > 0 && this.spent + cost > this.limit) return false;
    this.spent += cost;
    return true;
  }
}
