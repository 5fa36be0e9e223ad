import { z } from 'zod';
import { RowCodec } from './columns';
import type { Page, PageOptions } from './page';

/** A stored plan: its canonical JSON text under its content hash. */
export const storedPlanSchema = z.object({
  /** `sha256:…` of `text`. */
  hash: z.string(),
  tapestry: z.string(),
  /** Canonical JSON. */
  text: z.string(),
  /** Milliseconds since the epoch. */
  savedAt: z.number(),
});
export type StoredPlan = Readonly<z.infer<typeof storedPlanSchema>>;
export const PLAN = new RowCodec<StoredPlan>(storedPlanSchema);

/**
 * Plans by content hash, kept permanently, so that a run can be read and resumed months later. Methods throw the errors
 * of RunHistory.
 */
export interface TapestryStore {
  readonly technology: string;
  /** A text that identifies this storage, like `DataStore.identity`. */
  identity(): Promise<string>;
  /** Inserts the plan unless its hash exists. */
  save(plan: StoredPlan): Promise<void>;
  get(hash: string): Promise<StoredPlan | undefined>;
  /** Plans of one tapestry (or of all) with their `text`, newest first. */
  list(query?: PageOptions & { tapestry?: string }): Promise<Page<StoredPlan>>;
  close(): Promise<void>;
}

/** A fragment offered to a run, for the process that follows the run's offers. */
export interface Offer {
  /** The number grows with every offer to the store. */
  readonly number: number;
  readonly runId: string;
  /** The fragment as JSON, as given. */
  readonly fragment: string;
  /** Milliseconds since the epoch. */
  readonly offeredAt: number;
}

export interface SubscribeOptions {
  /** The number of the last known offer. */
  readonly after?: number;
  readonly signal: AbortSignal;
}

/** A store that lets any process that can write to it offer knots to runs, without a client of the Temporal server. */
export interface SubscribableTapestryStore extends TapestryStore {
  /** Keeps an offer and returns its number. The run need not exist yet. */
  offer(offer: Omit<Offer, 'number'>): Promise<number>;
  /** Offers to a run with a number greater than `after`, in order; at most `limit` (default 100). */
  offers(runId: string, after?: number, limit?: number): Promise<Offer[]>;
  /**
   * Yields every offer to a run after number `after` (default 0) in order, including future ones. The subscription ends
   * when the signal is aborted. A reader that restarts from its last number misses none.
   */
  subscribe(runId: string, options: SubscribeOptions): AsyncIterable<Offer>;
}
