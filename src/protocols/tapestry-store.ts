import type { Page, PageOptions } from './page';

/** A stored plan: its canonical JSON text under its content hash. */
export interface StoredPlan {
  /** `sha256:…` of `text`. */
  readonly hash: string;
  readonly tapestry: string;
  /** Canonical JSON. */
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly savedAt: number;
}

/** Plans by content hash; kept for ever, so that a run can be read and resumed months later. Errors as of RunHistory. */
export interface TapestryStore {
  readonly technology: string;
  /** What tells this storage from every other, as the one of a data store does. */
  identity(): Promise<string>;
  /** Inserts the plan unless its hash is there. */
  save(plan: StoredPlan): Promise<void>;
  get(hash: string): Promise<StoredPlan | undefined>;
  /** Plans of one tapestry (or of all), newest first. `text` is included. */
  list(query?: PageOptions & { tapestry?: string }): Promise<Page<StoredPlan>>;
  close(): Promise<void>;
}

/** A fragment that somebody has offered to a run, for whoever follows it. */
export interface Offer {
  /** Grows with every offer to the store. */
  readonly number: number;
  readonly runId: string;
  /** JSON of the fragment, as it was given. */
  readonly fragment: string;
  /** Milliseconds since the epoch. */
  readonly offeredAt: number;
}

/** A tapestry store through which runs are given more knots: by whoever can write to it, and has no client of the server. */
export interface SubscribableTapestryStore extends TapestryStore {
  /** Keeps an offer; answers its number. Also for a run that does not exist yet. */
  offer(offer: Omit<Offer, 'number'>): Promise<number>;
  /** Offers to a run with a greater number than `after`, in their order; at most `limit` (default 100). */
  offers(runId: string, after?: number, limit?: number): Promise<Offer[]>;
  /**
   * Every offer to a run from behind `after` (default 0) on, in their order, those that are yet to come, too. Ends when the signal is
   * aborted. Whoever breaks off and begins again from where they were misses none.
   */
  subscribe(
    runId: string,
    options: { readonly after?: number; readonly signal: AbortSignal },
  ): AsyncIterable<Offer>;
}
