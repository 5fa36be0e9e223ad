import { AsyncLocalStorage } from 'node:async_hooks';
import type { BodyWatch } from '../execution/body-watch';
import type { KnotContext } from '../model/knot-context';
import { SharedBodies } from './shared-bodies';

/** Which knots have their bodies running in this process, and which of them the code is of that runs now. */
export class RunningBodies implements BodyWatch {
  private readonly running = new Set<KnotContext>();
  private readonly callers = new AsyncLocalStorage<KnotContext>();
  private shared: SharedBodies | undefined;

  /** @param onFirst called before the first body, with what another thread can know of them */
  constructor(private readonly onFirst: (shared: SharedBodies) => void) {}

  async call(context: KnotContext, body: () => Promise<unknown>): Promise<unknown> {
    if (!this.shared) this.onFirst((this.shared = new SharedBodies()));
    this.running.add(context);
    const slot = this.shared.add(context);
    try {
      return await this.callers.run(context, body);
    } finally {
      this.running.delete(context);
      this.shared.remove(slot);
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
