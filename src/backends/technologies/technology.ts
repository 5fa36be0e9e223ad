import type { MigrationState } from '../../adapters/shared/sql/migrations';
import type { DataStore, LeaseTable, RunHistory, TapestryStore } from '../../protocols';

export type Port = 'tapestry store' | 'run history' | 'data store' | 'lease table';

/** Where a backend is, as its URL says. */
export interface Place {
  readonly technology: string;
  /** Equal for URLs of one place, which is opened once then. It may hold a password: never show it. */
  readonly key: string;
  /** The place in words, without anything secret. */
  readonly shown: string;
  /** The absolute path of its file or folder, if it has one. It need not exist. */
  readonly path?: string;
}

/** A place that is open, for those ports that the technology has an adapter for. */
export interface OpenPlace {
  tapestryStore?(): TapestryStore;
  runHistory?(): RunHistory;
  dataStore?(): DataStore;
  leaseTable?(): LeaseTable;
  /** Closes what is shared by the adapters. A second call, and one after they were closed, does nothing. */
  close(): Promise<void>;
}

/** How a place stands that was only looked at. `absent`: it will be made at the first use; `old`: its tables will be brought up to date then. */
export type PlaceState = 'absent' | 'old' | 'current';

export interface OpenPlaceOptions {
  /** Makes commits survive a power cut where the technology leaves that open. */
  readonly durable: boolean;
}

/** Of a technology whose places have tables. */
export interface Migrations<P extends Place> {
  /** Which migrations a place has had, and which it is still to have. Changes nothing. @throws SelvageError as of `open` */
  state(place: P): Promise<MigrationState>;
  /** The SQL of one of them. */
  sql(name: string): string;
  /** Does those that are pending, and answers which. Safe when several do it at once. @throws SelvageError as of `open` */
  migrate(place: P): Promise<readonly string[]>;
}

/** One technology: what its URLs look like, and how to open what they name. To add one is to write this and to list it in `index.ts`. */
export interface Technology<P extends Place = Place> {
  readonly name: string;
  /** What stands before the colon. */
  readonly schemes: readonly string[];
  /** Forms of its URLs, by the ports that it has an adapter for. */
  readonly forms: Partial<Readonly<Record<Port, string>>>;
  /**
   * Reads a URL with one of the schemes, of which `rest` is what stands behind the colon; undefined if it is malformed.
   *
   * @param projectDir what relative paths are relative to
   */
  parse(url: { readonly scheme: string; readonly rest: string }, projectDir: string): P | undefined;
  /** Every wait of it has a limit. @throws SelvageError with what is wrong, without anything secret */
  open(place: P, options: OpenPlaceOptions): Promise<OpenPlace>;
  /** Whether the place can be used, without changing anything. @throws SelvageError as of `open` */
  inspect(place: P): Promise<PlaceState>;
  /** What threatens the data there though all works, a sentence each, without anything secret. @throws SelvageError as of `open` */
  threats?(place: P): Promise<readonly string[]>;
  readonly migrations?: Migrations<P>;
}
