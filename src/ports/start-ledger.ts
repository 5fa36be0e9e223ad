import { z } from 'zod';
import { RowCodec } from './columns';
import type { Page, PageOptions } from './page';

/** The origin of an event as data: topic, partition and offset; a request's id; a planned time; … */
export type EventLink = Readonly<Record<string, string | number>>;

export const ledgerEntrySchema = z.object({
  /** The trigger with its kind, as in run records: `kafka:orders`. */
  trigger: z.string(),
  /** Identifies the event within the trigger, by signed or explicit data, never by the bytes of a body. */
  key: z.string(),
  /** The run that the event starts. */
  runId: z.string(),
  /** A hash that tells a repeated delivery from another event under the same key. Null: not compared. */
  requestHash: z.string().nullable(),
  event: z.custom<EventLink>(),
  /** Milliseconds since the epoch. */
  claimedAt: z.number(),
  /** The time when the server accepted the run; null if unconfirmed, so that the next delivery starts it. */
  startedAt: z.number().nullable(),
});
export type LedgerEntry = Readonly<z.infer<typeof ledgerEntrySchema>>;
export const LEDGER_ENTRY = new RowCodec<LedgerEntry>(ledgerEntrySchema);

/** Prefixes of `trigger` in entries that start no run: of seen signatures, and of actions over HTTP. */
export const SIGNATURES = 'signature:';
export const ACTS = 'act:';

export function startsRuns(trigger: string): boolean {
  return !trigger.startsWith(SIGNATURES) && !trigger.startsWith(ACTS);
}

/** An event that is to start a run exactly once. */
export type StartClaim = Omit<LedgerEntry, 'claimedAt' | 'startedAt'>;

/** `entry` is the entry that stands: ours, or an earlier one with the same key. */
export interface ClaimResult {
  readonly inserted: boolean;
  readonly entry: LedgerEntry;
}

export interface LedgerQuery extends PageOptions {
  readonly trigger?: string;
  /** Whether the run has been started. Default: both. */
  readonly started?: boolean;
}

/**
 * Maps an event (`trigger`, `key`) to its run. An entry is inserted before the start and marked after it, so
 * the next delivery completes an interrupted start, and no key starts two runs. Entries outlive the server's
 * memory of its runs. Every method may be called concurrently from many processes.
 *
 * Methods throw `BackendUnavailable` (a retry may help), `DiskFull`, `DatabaseDamaged`.
 */
export interface StartLedger {
  readonly technology: string;
  /**
   * Inserts each claim unless its key exists already. The result has the standing entries in order; they are durable. A
   * claim takes one round trip for any number of claims.
   */
  claim(claims: readonly StartClaim[]): Promise<ClaimResult[]>;
  /** Marks that the runs of these keys have started. Keys that are missing or already marked are ignored. */
  markStarted(keys: readonly Pick<StartClaim, 'trigger' | 'key'>[]): Promise<void>;
  find(trigger: string, key: string): Promise<LedgerEntry | undefined>;
  /** Entries, newest claim first. */
  list(query?: LedgerQuery): Promise<Page<LedgerEntry>>;
  /** Removes marked entries claimed before a time (milliseconds since the epoch), and returns their number. */
  forget(before: number): Promise<number>;
  close(): Promise<void>;
}
