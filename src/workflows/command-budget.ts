import { TASK_COMMAND_BYTES } from '../engine';

/** What Temporal adds around the input of one activity command, generously. */
export const COMMAND_OVERHEAD_BYTES = 512;

/** How many bytes of commands the present workflow task may still carry. */
export class CommandBudget {
  private task = -1;
  private spent = 0;

  /** @param currentTask a number that changes with every workflow task, equal on replay (the history's length). */
  constructor(
    private readonly currentTask: () => number,
    private readonly limit = TASK_COMMAND_BYTES,
  ) {}

  /** Takes `bytes` from the budget of this task if they fit; a first command always fits, however large. */
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
