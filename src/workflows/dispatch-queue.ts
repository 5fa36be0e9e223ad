import { isCancellation } from './cancellation';
import type { World } from './world';

/** A knot, or the members of a segment. */
export type Work = number | readonly number[];

export interface DispatchQueueListener {
  /** Whether anything may be sent. */
  maySend(): boolean;
  /** Sends the work if this workflow task can carry it. Returns whether it did. */
  take(work: Work): boolean;
  /** A new workflow task, begun for what the last one could not carry, has sent what it could. */
  sent(): void;
  /** Fails the workflow task. */
  fatal(error: unknown): void;
}

/**
 * Work that is dispatched but not yet scheduled. Each workflow task sends as much as it can carry, the next one the
 * rest.
 */
export class DispatchQueue {
  private readonly waiting: Work[] = [];
  /** Whether a timer is set to send the rest with the next task. */
  private isTimed = false;
  private isFlushing = false;

  constructor(
    private readonly world: World,
    private readonly listener: DispatchQueueListener,
  ) {}

  get size(): number {
    return this.waiting.length;
  }

  add(...work: readonly Work[]): void {
    this.waiting.push(...work);
  }

  addFirst(...work: readonly Work[]): void {
    this.waiting.unshift(...work);
  }

  /** Empties the queue and returns its content. */
  takeBack(): Work[] {
    return this.waiting.splice(0);
  }

  /** Sends what may be sent, including work added meanwhile. */
  flush(): void {
    if (this.isFlushing || !this.listener.maySend()) return;
    this.isFlushing = true;
    try {
      this.send();
    } finally {
      this.isFlushing = false;
    }
  }

  private send(): void {
    let next = 0;
    while (next < this.waiting.length && this.listener.take(this.waiting[next]!)) next += 1;
    this.waiting.splice(0, next);
    if (this.waiting.length > 0 && !this.isTimed) this.sendLater();
  }

  private sendLater(): void {
    this.isTimed = true;
    this.world.sleep(1).then(
      () => {
        this.isTimed = false;
        this.flush();
        this.listener.sent();
      },
      (error: unknown) => {
        this.isTimed = false;
        if (!isCancellation(error)) this.listener.fatal(error);
      },
    );
  }
}
