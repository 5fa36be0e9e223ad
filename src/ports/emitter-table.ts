import { z } from 'zod';
import { RowCodec } from './columns';
import type { Page, PageOptions } from './page';
import type { HistoryChange } from './run-history';

/** The cursor and condition of an emitter. Times are milliseconds since the epoch, by the table's clock. */
export const emitterSchema = z.object({
  name: z.string(),
  /** The version grows with each change, except of dead letters. A writer must name the current version. */
  version: z.int(),
  /** Position of the last change in the run history that needs no more delivery. Null: none yet. */
  position: z.string().nullable(),
  /** The time in the change at the position. */
  positionAt: z.number().nullable(),
  delivered: z.int(),
  deliveredAt: z.number().nullable(),
  /** The number of failed deliveries in a row. */
  failures: z.int32(),
  /** The time of the first failure in a row, or of the last resume. */
  failingSince: z.number().nullable(),
  /** The message of the last failure, which is kept until a delivery succeeds. */
  lastError: z.string().nullable(),
  /** The time when the next attempt is due. */
  retryAt: z.number().nullable(),
  /** The time since when delivery is disabled, and the reason. */
  disabledAt: z.number().nullable(),
  disabledBecause: z.string().nullable(),
  /** The time when the history was last found to have gone back in time behind the position. */
  rewoundAt: z.number().nullable(),
  createdAt: z.number(),
});
type Emitter = Readonly<z.infer<typeof emitterSchema>>;
export const EMITTER = new RowCodec<Emitter>(emitterSchema);

export const emitterState = emitterSchema.extend({
  /** The number of dead letters, and of those that wait for redelivery. */
  deadLetters: z.int(),
  redriven: z.int(),
});
export type EmitterState = Readonly<z.output<typeof emitterState>>;

/** An event that was given up, with the change that it reports. */
export const deadLetterSchema = z.object({
  emitter: z.string(),
  eventId: z.string(),
  change: z.custom<HistoryChange>(),
  reason: z.string(),
  at: z.number(),
  /** The time since when the letter waits for redelivery; null if it does not. */
  redrivenAt: z.number().nullable(),
});
export type StoredDeadLetter = Readonly<z.infer<typeof deadLetterSchema>>;
export const DEAD_LETTER = new RowCodec<StoredDeadLetter>(deadLetterSchema);

export type DeadLetter = Pick<StoredDeadLetter, 'eventId' | 'change' | 'reason'>;

export interface DeadLetterQuery extends PageOptions {
  /** Whether to list only letters that wait for redelivery. */
  readonly redriven?: boolean;
}

/** A successful delivery, which ends a series of failures. */
export interface Advance {
  readonly position: string | null;
  readonly positionAt: number | null;
  /** Number of events. */
  readonly delivered: number;
  readonly deadLetters?: readonly DeadLetter[];
  /** The ids of dead letters that have been delivered. */
  readonly settled?: readonly string[];
}

export interface DeliveryFailure {
  readonly error: string;
  /** The milliseconds until the next attempt is due. */
  readonly retryIn: number;
  /** The reason for which delivery is disabled from now on. */
  readonly disable?: string;
}

/** A cursor set by an operator. */
export interface Move {
  readonly position: string | null;
  readonly positionAt: number | null;
  /** Whether the history went back in time. */
  readonly isRewound?: boolean;
}

/**
 * The cursors of emitters, which name places in the changes of a run history in the same storage, and their dead
 * letters. Every method may be called concurrently from many processes. A writer must know the state's version, so a
 * process that has lost its lease moves no cursor.
 *
 * Methods throw `BackendUnavailable` (a retry may help), `DiskFull`, `DatabaseDamaged`.
 */
export interface EmitterTable {
  readonly technology: string;
  /** Makes an emitter's state if it is missing; its new version ends the previous deliverer's writes. */
  begin(name: string, start: Omit<Move, 'isRewound'>): Promise<EmitterState>;
  /** The states of all emitters, by name. */
  list(): Promise<EmitterState[]>;
  /**
   * Changes the cursor and the dead letters in one transaction. Returns the new version, or undefined, and changes
   * nothing, if the state has another version.
   */
  advance(name: string, version: number, advance: Advance): Promise<number | undefined>;
  /** Returns the new version, or undefined, and changes nothing, if the state has another version. */
  fail(name: string, version: number, failure: DeliveryFailure): Promise<number | undefined>;
  /** Moves the cursor, ends a series of failures, and enables delivery. Returns whether the emitter exists. */
  move(name: string, move: Move): Promise<boolean>;
  /**
   * Makes the emitter's next attempt due, enables delivery, and counts the failing time from now. Returns whether the
   * emitter exists.
   */
  resume(name: string): Promise<boolean>;
  /** Dead letters, newest first. */
  deadLetters(name: string, query?: DeadLetterQuery): Promise<Page<StoredDeadLetter>>;
  /** Marks dead letters for redelivery, and returns their number. @param eventIds default: all */
  redrive(name: string, eventIds?: readonly string[]): Promise<number>;
  /** Removes dead letters, and returns their number. @param eventIds default: all */
  forget(name: string, eventIds?: readonly string[]): Promise<number>;
  /** Removes the state and its dead letters. Returns whether there was such an emitter. */
  remove(name: string): Promise<boolean>;
  close(): Promise<void>;
}
