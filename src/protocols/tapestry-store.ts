import type { Page, PageOptions } from './run-history';

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
  /** Inserts the plan unless its hash is there. */
  save(plan: StoredPlan): Promise<void>;
  get(hash: string): Promise<StoredPlan | undefined>;
  /** Plans of one tapestry (or of all), newest first. `text` is included. */
  list(query?: PageOptions & { tapestry?: string }): Promise<Page<StoredPlan>>;
  close(): Promise<void>;
}
