/** A request for one of a key's places. */
export interface LeaseRequest {
  /** The owner of the places: the name of a limit, the key of a value that is being made, … */
  readonly key: string;
  /** The owner of the place over all attempts, such as one knot of one run, which has at most one place of a key. */
  readonly owner: string;
  /** The owner's attempt. Only the latest attempt holds the place, and can renew or release it. */
  readonly token: string;
  /** The holder in words, shown to those who wait. */
  readonly holder: string;
  /** Maximum number of holders, at least 1. All holders count against the limit of this request. */
  readonly limit: number;
  /** The milliseconds after which the place is free again unless the lease is renewed. At least 1. */
  readonly ttl: number;
}

/** A granted place. */
export type Lease = Pick<LeaseRequest, 'key' | 'owner' | 'token'>;

/** A current holder of a place. */
export interface LeaseHolder {
  readonly owner: string;
  readonly holder: string;
  /** The milliseconds for which the holder has held the place, over all renewals. */
  readonly heldFor: number;
}

export type LeaseAnswer =
  | { readonly granted: true }
  | {
      readonly granted: false;
      /** Longest holder first. */
      readonly holders: readonly LeaseHolder[];
      /** The milliseconds until the first holder loses its place unless it renews. A release may come sooner. */
      readonly retryAfter: number;
    };

/** A request for a key's next turn. */
export interface TurnRequest {
  readonly key: string;
  /** The milliseconds from this turn to the next turn. */
  readonly interval: number;
  /** The turn is taken only if it comes within this many milliseconds. */
  readonly within: number;
}

export interface TurnAnswer {
  readonly granted: boolean;
  /** Milliseconds until the turn: if granted, when to begin; if refused, the earliest time to ask again. */
  readonly wait: number;
}

/**
 * Coordinates work among all processes that share the table. Every method is atomic and may be called
 * concurrently from many processes.
 *
 * The table has one clock of its own: the machine's for a file, the server's for a database. Callers pass and receive
 * durations, never times of day, so clocks that differ do no harm. If the table's clock is set back, no place is kept
 * beyond its time to live from then on. A clock set forward may give away places in use once; {@link renew} reports it.
 *
 * An owner that stalls for longer than the time to live loses its place without having ended. Work that must
 * never run twice needs more than a lease: a record, for example, is written once by its own key.
 *
 * Methods throw `BackendUnavailable` (a retry may help), `DiskFull`, `DatabaseDamaged`, `SchemaTooNew`.
 */
export interface LeaseTable {
  readonly technology: string;
  /** Takes a place for this attempt, for `ttl` from now, if a place is free or the owner already has one. */
  acquire(request: LeaseRequest): Promise<LeaseAnswer>;
  /**
   * Keeps places for `ttl` milliseconds from now. Returns for each lease, in order, whether its attempt still held it.
   * An expired lease that nobody else wanted is still held; a lease that a later attempt of the owner holds is not.
   */
  renew(leases: readonly Lease[], ttl: number): Promise<boolean[]>;
  /** Gives a place back. The call does nothing if this attempt no longer holds the place. */
  release(lease: Lease): Promise<void>;
  /** The holders of a key's places, longest first. */
  holders(key: string): Promise<LeaseHolder[]>;
  /** Takes the key's next turn if it comes soon enough; the next one after it comes an interval later. */
  takeTurn(request: TurnRequest): Promise<TurnAnswer>;
  close(): Promise<void>;
}
