import { z } from 'zod';
import { RowCodec } from './columns';
import type { Page, PageOptions } from './page';
import type { HistoryChange } from './run-history';

/** How far an emitter has got, and how it fares. Times are milliseconds since the epoch, by the table's clock. */
export const emitterSchema = z.object({
  name: z.string(),
  /** Grows with each change of the state but in its dead letters. Whoever changes the state names the one that it knows. */
  version: z.int(),
  /** Position of the last change in the run history that needs no delivery any more. Null: of none. */
  position: z.string().nullable(),
  /** The time in that change. */
  positionAt: z.number().nullable(),
  /** How many events were delivered. */
  delivered: z.int(),
  deliveredAt: z.number().nullable(),
  /** How many deliveries have failed in a row. */
  failures: z.int32(),
  /** Since the first of them, or since it was resumed. */
  failingSince: z.number().nullable(),
  /** What the last failure said. Kept until a delivery succeeds. */
  lastError: z.string().nullable(),
  /** When the next attempt is due. */
  retryAt: z.number().nullable(),
  /** Since when nothing is delivered any more, and why. */
  disabledAt: z.number().nullable(),
  disabledBecause: z.string().nullable(),
  /** When the history was last found to have gone back in time behind the position. */
  rewoundAt: z.number().nullable(),
  createdAt: z.number(),
});
type Emitter = Readonly<z.infer<typeof emitterSchema>>;
export const EMITTER = new RowCodec<Emitter>(emitterSchema);

export const emitterState = emitterSchema.extend({
  /** How many dead letters there are, and how many of them wait to be delivered once more. */
  deadLetters: z.int(),
  redriven: z.int(),
});
export type EmitterState = Readonly<z.output<typeof emitterState>>;

/** An event that was given up, as the change that it was made of. */
export const deadLetterSchema = z.object({
  emitter: z.string(),
  eventId: z.string(),
  change: z.custom<HistoryChange>(),
  /** Why, in words. */
  reason: z.string(),
  at: z.number(),
  /** Since when it waits to be delivered once more. Null: it does not. */
  redrivenAt: z.number().nullable(),
});
export type StoredDeadLetter = Readonly<z.infer<typeof deadLetterSchema>>;
export const DEAD_LETTER = new RowCodec<StoredDeadLetter>(deadLetterSchema);

export type DeadLetter = Pick<StoredDeadLetter, 'eventId' | 'change' | 'reason'>;

export interface DeadLetterQuery extends PageOptions {
  /** Only those that wait to be delivered once more. */
  readonly redriven?: boolean;
}

/** What has been delivered. Ends a series of failures. */
export interface Advance {
  readonly position: string | null;
  readonly positionAt: number | null;
  /** How many events. */
  readonly delivered: number;
  readonly deadLetters?: readonly DeadLetter[];
  /** Ids of dead letters that have been delivered. */
  readonly settled?: readonly string[];
}

export interface DeliveryFailure {
  readonly error: string;
  /** In how many milliseconds the next attempt is due. */
  readonly retryIn: number;
  /** Nothing is delivered from now on, for this reason. */
  readonly disable?: string;
}

/** Where an emitter goes on at somebody's word. */
export interface Move {
  readonly position: string | null;
  readonly positionAt: number | null;
  /** The history went back in time. */
  readonly isRewound?: boolean;
}

/**
 * The cursors of emitters, which name places in the changes of the run history beside which they are kept, and their dead letters.
 * Every method may be called concurrently from many processes. A state is changed by whoever knows its version, so that a
 * process that has lost its lease moves no cursor. Errors: `BackendUnavailable` (a retry may help), `DiskFull`, `DatabaseDamaged`.
 */
export interface EmitterTable {
  readonly technology: string;
  /** Makes the state unless there is one, and gives it a new version, which whoever delivered until now does not know. */
  begin(name: string, start: Omit<Move, 'isRewound'>): Promise<EmitterState>;
  /** All states, by name. */
  list(): Promise<EmitterState[]>;
  /** The cursor and the dead letters change in one transaction. Returns the new version; undefined, and nothing done, if the version is another. */
  advance(name: string, version: number, advance: Advance): Promise<number | undefined>;
  /** Returns the new version; undefined, and nothing done, if the version is another. */
  fail(name: string, version: number, failure: DeliveryFailure): Promise<number | undefined>;
  /** Moves the cursor, ends a series of failures, and enables what was disabled. Returns whether there is such an emitter. */
  move(name: string, move: Move): Promise<boolean>;
  /** Lets the next attempt come now, enables what was disabled, and counts from now how long it fails. Returns whether there is such an emitter. */
  resume(name: string): Promise<boolean>;
  /** Dead letters, newest first. */
  deadLetters(name: string, query?: DeadLetterQuery): Promise<Page<StoredDeadLetter>>;
  /** Marks dead letters to be delivered once more. Returns how many. @param eventIds default: all */
  redrive(name: string, eventIds?: readonly string[]): Promise<number>;
  /** Removes dead letters. Returns how many. @param eventIds default: all */
  forget(name: string, eventIds?: readonly string[]): Promise<number>;
  /** Removes the state and its dead letters. Returns whether there was one. */
  remove(name: string): Promise<boolean>;
  close(): Promise<void>;
}
