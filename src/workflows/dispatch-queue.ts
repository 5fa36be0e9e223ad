import { isCancellation, sleep } from '@temporalio/workflow';

/** A knot, or the members of a segment. */
export type Work = number | readonly number[];

export interface DispatchQueueListener {
  /** Whether anything may go out. */
  maySend(): boolean;
  /** Sends it out, if this workflow task can carry it. */
  take(work: Work): boolean;
  /** A new workflow task has come, for what the last one could not carry, and has sent out what it could. */
  sent(): void;
  /** Fails the workflow task. */
  fatal(error: unknown): void;
}

/** What is dispatched but not yet scheduled: as much of it goes out as the workflow task can carry, and the rest with the next one. */
export class DispatchQueue {
  private readonly waiting: Work[] = [];
  /** Whether the rest is to be sent with the next task. */
  private isTimed = false;
  private isFlushing = false;

  constructor(private readonly listener: DispatchQueueListener) {}

  get size(): number {
    return this.waiting.length;
  }

  add(...work: readonly Work[]): void {
    this.waiting.push(...work);
  }

  addFirst(...work: readonly Work[]): void {
    this.waiting.unshift(...work);
  }

  /** What waits, which waits no more. */
  takeBack(): Work[] {
    return this.waiting.splice(0);
  }

  /** Sends out what may go. What is added meanwhile goes along. */
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
    sleep(1).then(
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
