import { EventEmitter, once } from 'node:events';
import type { HistoryChange } from '../ports';
import { CHANGES_AT_ONCE } from '../ports/parts/changes';
import type { Feed } from './run-events';
import { pause, within } from '../ports/parts/pause';

/** Newest changes, kept for emitters that are nearly up to date. */
const HELD = 4 * CHANGES_AT_ONCE;
/** How long an emitter at the end waits for the shared reader to get there. */
const MEETING_MS = 100;
const AWAY_MS = 1_000;

/**
 * Reads changes once for all emitters of a process, and holds the newest. An emitter that is further behind
 * reads by itself until it meets them, so emitters that are up to date cost no reads.
 */
export class FeedTail {
  /** The newest changes, in order; `#first` is the number of the first. */
  #held: HistoryChange[] = [];
  #first = 0;
  /** The number of the change after each held position, and after the one before them. */
  readonly #next = new Map<string | null, number>();
  readonly #changes = new EventEmitter().setMaxListeners(0);
  #following: Promise<void> | undefined;

  constructor(
    private readonly feed: Feed,
    private readonly signal: AbortSignal,
  ) {}

  /** Non-empty batches, until the signal is aborted. Errors as of `changes`. */
  async *pages(position: string | null, signal: AbortSignal): AsyncGenerator<readonly HistoryChange[]> {
    this.#following ??= this.#follow();
    let last = position;
    while (!signal.aborted) {
      const next = this.#next.get(last);
      if (next === undefined) {
        for await (const page of this.feed.changes({ ...(last !== null && { after: last }), signal })) {
          last = page.at(-1)!.position;
          yield page;
          const isAtEnd = page.length < CHANGES_AT_ONCE;
          if (isAtEnd && !this.#next.has(last)) await this.#news(signal, MEETING_MS);
          if (this.#next.has(last)) break;
        }
        continue;
      }
      const page = this.#held.slice(next - this.#first, next - this.#first + CHANGES_AT_ONCE);
      if (page.length === 0) {
        await this.#news(signal);
        continue;
      }
      last = page.at(-1)!.position;
      yield page;
    }
  }

  async #follow(): Promise<void> {
    while (!this.signal.aborted) {
      try {
        const last = await this.feed.lastChange();
        this.#next.set(last ?? null, this.#first);
        const options = { ...(last !== undefined && { after: last }), signal: this.signal };
        for await (const page of this.feed.changes(options)) this.#add(page);
      } catch {
        // Each emitter reads by itself, and meets the error.
      }
      this.#first += this.#held.length;
      this.#held = [];
      this.#next.clear();
      this.#changes.emit('news');
      await pause(AWAY_MS, this.signal);
    }
  }

  #add(page: readonly HistoryChange[]): void {
    for (const change of page) {
      this.#held.push(change);
      this.#next.set(change.position, this.#first + this.#held.length);
    }
    const surplus = this.#held.length - HELD;
    if (surplus > 0) {
      this.#held.splice(0, surplus);
      this.#first += surplus;
      for (const [position, next] of this.#next) {
        if (next >= this.#first) break;
        this.#next.delete(position);
      }
    }
    this.#changes.emit('news');
  }

  async #news(signal: AbortSignal, ms?: number): Promise<void> {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const news = once(this.#changes, 'news', { signal: either }).catch(() => undefined);
    try {
      await (ms === undefined ? news : within(news, ms));
    } finally {
      // Else the listeners stay until the next news.
      over.abort();
    }
  }
}
