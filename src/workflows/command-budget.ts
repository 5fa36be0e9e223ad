import { TASK_COMMAND_BYTES } from '../plan';

/** Temporal's additions to the input of one activity command, generously estimated. */
export const COMMAND_OVERHEAD_BYTES = 512;

export class CommandBudget {
  private task = -1;
  private spent = 0;

  /** `currentTask` returns a number per workflow task that is equal on replay: the history's length. */
  constructor(
    private readonly currentTask: () => number,
    private readonly limit = TASK_COMMAND_BYTES,
  ) {}

  /** Takes `bytes` from this task's budget if they fit. The first command of a task always fits. */
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
