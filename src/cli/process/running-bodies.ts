import { AsyncLocalStorage } from 'node:async_hooks';
import type { BodyWatch } from '../../runtime/body-watch';
import type { KnotContext } from '../../authoring/knot-context';
import { SharedBodies } from './shared-bodies';

/** The knots whose bodies run in this process, and which of them the currently executing code belongs to. */
export class RunningBodies implements BodyWatch {
  private readonly callers = new AsyncLocalStorage<KnotContext>();
  private shared: SharedBodies | undefined;
  /** By slot in {@link shared}. */
  private readonly contexts: (KnotContext | undefined)[] = [];

  /** @param onFirst called before the first body, with the data that other threads can read */
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

  /** The bodies known by name, not necessarily all. */
  get known(): KnotContext[] {
    return this.contexts.filter((context) => context !== undefined);
  }

  /** The number of running bodies, with or without a name. */
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
