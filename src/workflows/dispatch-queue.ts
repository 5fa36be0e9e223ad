import { isCancellation } from './cancellation';
import type { World } from './world';

export type Work = number | readonly number[];

export interface DispatchQueueListener {
  maySend(): boolean;
  /** Sends the work if this workflow task can carry it, and returns whether it did. */
  take(work: Work): boolean;
  /** Another workflow task, begun for the rest of the work, has sent what it could. */
  sent(): void;
  fatal(error: unknown): void;
}

/** Work that is dispatched but not scheduled. Each workflow task sends as much as it can carry. */
export class DispatchQueue {
  private readonly waiting: Work[] = [];
  /** A timer is set to send the rest with the next task. */
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

  takeBack(): Work[] {
    return this.waiting.splice(0);
  }

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
