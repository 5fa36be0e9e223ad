/** A place of a key that is asked for. */
export interface LeaseRequest {
  /** What the places are of: the name of a limit, the key of a value that is being made, … */
  readonly key: string;
  /** Who has the place, over all tries: such as one knot of one run. An owner has one place of a key at most. */
  readonly owner: string;
  /** Which try of the owner asks. The latest one has the place, and only its word on it counts. */
  readonly token: string;
  /** Who that is in words, for those who wait. */
  readonly holder: string;
  /** How many may have a place at once; at least 1. Whoever asks counts all that have one, by the limit of its own request. */
  readonly limit: number;
  /** The place is free again after so many milliseconds, unless it is renewed. At least 1. */
  readonly ttl: number;
}

/** A place that was granted. */
export type Lease = Pick<LeaseRequest, 'key' | 'owner' | 'token'>;

/** Who has a place now. */
export interface LeaseHolder {
  readonly owner: string;
  readonly holder: string;
  /** For how many milliseconds it has had the place, over all renewals. */
  readonly heldFor: number;
}

export type LeaseAnswer =
  | { readonly granted: true }
  | {
      readonly granted: false;
      /** The longest holder first. */
      readonly holders: readonly LeaseHolder[];
      /** In how many milliseconds the first of them loses its place unless it renews it. A release may come sooner. */
      readonly retryAfter: number;
    };

/** A turn of a key that is asked for. */
export interface TurnRequest {
  readonly key: string;
  /** Milliseconds from this turn to the next one. */
  readonly interval: number;
  /** The turn is taken only if it comes within so many milliseconds. */
  readonly within: number;
}

export interface TurnAnswer {
  readonly granted: boolean;
  /** In how many milliseconds the turn comes: of a granted one when to begin, of a refused one when to ask again at the earliest. */
  readonly wait: number;
}

/**
 * Who may do something now, of all processes that share the table. Every method is atomic and may be called at once from many processes.
 *
 * There is one clock, the table's own (of a file, that of the machine on which it is; of a database server, the server's): callers give and get
 * lengths of time and never a time of day, so that clocks which differ do no harm. If that clock is set back, no place is kept longer than its
 * time to live from then on; if it is set forward, places that are in use may be given away once, and {@link renew} says so.
 *
 * A lease is no lock that holds whatever happens: an owner that stands still for longer than its time to live loses the place without having
 * ended. So a body that must not run twice needs more than a lease; a record is written once by its own key.
 *
 * Errors: `BackendUnavailable` (a retry may help), `DiskFull`, `DatabaseDamaged`, `SchemaTooNew`.
 */
export interface LeaseTable {
  readonly technology: string;
  /** Takes a place, if one is free or the owner has one already: then this try has it, for `ttl` from now. */
  acquire(request: LeaseRequest): Promise<LeaseAnswer>;
  /**
   * Keeps places for `ttl` milliseconds from now. Answers for each, in order, whether its try still had it: false where it ran out and somebody
   * else asked, or where a later try of the owner has it.
   */
  renew(leases: readonly Lease[], ttl: number): Promise<boolean[]>;
  /** Gives a place back. Nothing happens where this try does not have it any more. */
  release(lease: Lease): Promise<void>;
  /** Who has a place of the key, the longest first. */
  holders(key: string): Promise<LeaseHolder[]>;
  /** Takes the next turn of the key, if it comes soon enough. Turns of one key follow one another at the interval of the earlier one. */
  takeTurn(request: TurnRequest): Promise<TurnAnswer>;
  close(): Promise<void>;
}
