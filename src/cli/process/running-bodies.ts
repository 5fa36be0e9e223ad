import { AsyncLocalStorage } from 'node:async_hooks';
import type { BodyWatch } from '../../runtime/body-watch';
import type { KnotContext } from '../../authoring/knot-context';
import { SharedBodies } from './shared-bodies';

/** Running bodies of this process, and which of them the current code belongs to. */
export class RunningBodies implements BodyWatch {
  private readonly callers = new AsyncLocalStorage<KnotContext>();
  private shared: SharedBodies | undefined;
  /** Contexts of running bodies by their slot in {@link shared}. */
  private readonly contexts: (KnotContext | undefined)[] = [];

  /** @param onFirst called before the first body, with data that other threads can read */
  constructor(private readonly onFirst: (shared: SharedBodies) => void) {}

  call(context: KnotContext, body: () => Promise<unknown>): Promise<unknown> {
    const shared = this.shared ?? this.begin();
    const slot = shared.add(nameOf(context));
    if (slot !== undefined) this.contexts[slot] = context;
    const called = this.callers.run(context, body);
    const ended = (): void => {
      shared.remove(slot);
      if (slot !== undefined) this.contexts[slot] = undefined;
    };
    called.then(ended, ended);
    return called;
  }

  /** The body that called this code, directly or by a timer or promise; it may have ended since. */
  get current(): KnotContext | undefined {
    return this.callers.getStore();
  }

  /** Running bodies that have a slot, not necessarily all. */
  get known(): KnotContext[] {
    return this.contexts.filter((context) => context !== undefined);
  }

  get count(): number {
    return this.shared?.running ?? 0;
  }

  private begin(): SharedBodies {
    this.shared = new SharedBodies();
    this.onFirst(this.shared);
    return this.shared;
  }
}

export function nameOf({ knotId, runId }: KnotContext): string {
  return `knot "${knotId}" of run ${runId}`;
}
