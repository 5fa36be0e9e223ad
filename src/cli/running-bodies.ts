import { AsyncLocalStorage } from 'node:async_hooks';
import type { BodyWatch } from '../execution/body-watch';
import type { KnotContext } from '../model/knot-context';

/** Which knots have their bodies running in this process, and which of them the code is of that runs now. */
export class RunningBodies implements BodyWatch {
  private readonly running = new Set<KnotContext>();
  private readonly callers = new AsyncLocalStorage<KnotContext>();

  async call(context: KnotContext, body: () => Promise<unknown>): Promise<unknown> {
    this.running.add(context);
    try {
      return await this.callers.run(context, body);
    } finally {
      this.running.delete(context);
    }
  }

  /** Of the body that this code was called by, at once or by a timer or promise, also if that has ended. */
  get current(): KnotContext | undefined {
    return this.callers.getStore();
  }

  /** In the order in which they began. */
  get all(): KnotContext[] {
    return [...this.running];
  }
}
