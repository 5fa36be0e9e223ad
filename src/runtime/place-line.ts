import type { LeaseAnswer, LeaseRequest, LeaseTable } from '../ports';
import { startTimer } from './timer';

/** Mean interval at which the first in line asks. A place that this process gives back is asked for at once. */
const ASK_AGAIN_MS = 100;

/** Waiters with the smaller priority come first, then those with the earlier time. */
interface Rank {
  readonly priority: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

export interface Wait {
  readonly rank: Rank;
  /** Milliseconds; may be infinite. */
  readonly patience: number;
  /** Limit of waiters. If more waiters than this number come, the last one is refused at once. */
  readonly capacity: number;
  /** Ends the wait, which then rejects with its reason. */
  readonly signal: AbortSignal | undefined;
}

type Refused = Extract<LeaseAnswer, { granted: false }>;

interface Waiter {
  readonly request: LeaseRequest;
  readonly wait: Wait;
  readonly end: (how: LeaseAnswer | { readonly error: Error }) => void;
}

const NOT_ASKED: Refused = { granted: false, holders: [], retryAfter: 0 };

/**
 * The waiters of this process for a place of one key, served in order. Only the first waiter asks the lease table, so
 * the cost of waiting does not grow with their number.
 */
export class PlaceLine {
  private readonly waiting: Waiter[] = [];
  private last: Refused = NOT_ASKED;
  private isServing = false;
  private isWoken = false;
  private wakeServer: (() => void) | undefined;

  constructor(private readonly table: LeaseTable) {}

  /** Resolves when the place is granted or the patience is over. */
  async take(request: LeaseRequest, wait: Wait): Promise<LeaseAnswer> {
    const { signal, patience } = wait;
    signal?.throwIfAborted();
    let leave: (() => void) | undefined;
    const stopTimers: (() => void)[] = [];
    const ended = new Promise<LeaseAnswer>((resolve, reject) => {
      const waiter: Waiter = {
        request,
        wait,
        end: (how) => ('error' in how ? reject(how.error) : resolve(how)),
      };
      leave = () => this.end(waiter, { error: signal!.reason as Error });
      signal?.addEventListener('abort', leave, { once: true });
      if (Number.isFinite(patience)) stopTimers.push(startTimer(patience, () => this.end(waiter, this.last)));
      this.join(waiter);
    });
    try {
      return await ended;
    } finally {
      for (const stop of stopTimers) stop();
      if (leave) signal?.removeEventListener('abort', leave);
    }
  }

  wake(): void {
    this.isWoken = true;
    this.wakeServer?.();
  }

  private join(waiter: Waiter): void {
    const { waiting } = this;
    const behind = waiting.findIndex((other) => isBefore(waiter.wait.rank, other.wait.rank));
    waiting.splice(behind < 0 ? waiting.length : behind, 0, waiter);
    if (waiting.length > waiter.wait.capacity) {
      const last = waiting.findLast((other) => Number.isFinite(other.wait.patience));
      if (last) this.end(last, this.last);
    }
    if (!this.isServing) void this.serve();
  }

  private end(waiter: Waiter, how: Parameters<Waiter['end']>[0]): boolean {
    const index = this.waiting.indexOf(waiter);
    if (index < 0) return false;
    this.waiting.splice(index, 1);
    waiter.end(how);
    return true;
  }

  private async serve(): Promise<void> {
    this.isServing = true;
    for (let first = this.waiting[0]; first; first = this.waiting[0]) {
      const { request } = first;
      this.isWoken = false;
      try {
        const answer = await this.table.acquire(request);
        if (answer.granted) {
          // The waiter may have left meanwhile.
          if (!this.end(first, answer)) await this.table.release(request);
          continue;
        }
        this.last = answer;
      } catch (error) {
        this.end(first, { error: error as Error });
        continue;
      }
      await this.untilAskedAgain();
    }
    this.isServing = false;
    this.last = NOT_ASKED;
  }

  private async untilAskedAgain(): Promise<void> {
    if (this.isWoken) return;
    await new Promise<void>((resolve) => {
      // Random times keep the processes that wait for one place from asking in step.
      const timer = setTimeout(resolve, ASK_AGAIN_MS * (0.5 + Math.random()));
      this.wakeServer = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wakeServer = undefined;
  }
}

function isBefore(a: Rank, b: Rank): boolean {
  return a.priority !== b.priority ? a.priority < b.priority : a.since < b.since;
}
