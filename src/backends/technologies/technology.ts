import type { LocationState, MigrationState } from '../../adapters/sql/migrations';
import type { DataStore, LeaseTable, RunHistory, StartLedger, TapestryStore } from '../../ports';

const PORTS = ['tapestry store', 'run history', 'data store', 'lease table', 'start ledger'] as const;

export type Port = (typeof PORTS)[number];

/** The forms of a technology whose URLs are the same for every port. */
export const forEveryPort = (form: string): Partial<Record<Port, string>> =>
  Object.fromEntries(PORTS.map((port) => [port, form]));

/** Where a backend is, according to its URL. */
export interface Location {
  readonly technology: string;
  /** Equal for URLs of one location, which is then opened once. May contain a password: never show it. */
  readonly key: string;
  /** The location in words, without secrets. */
  readonly shown: string;
  /** The absolute path of its file or folder, if it has one. It need not exist. */
  readonly path?: string;
}

/** An open location, for the ports that the technology has adapters for. */
export interface OpenLocation {
  tapestryStore?(): TapestryStore;
  runHistory?(): RunHistory;
  dataStore?(): DataStore;
  leaseTable?(): LeaseTable;
  startLedger?(): StartLedger;
  /** Closes what its adapters share. Does nothing if called again, or after the adapters were closed. */
  close(): Promise<void>;
}

interface OpenLocationOptions {
  /** Makes commits survive a power cut, if the technology leaves that open. */
  readonly durable: boolean;
}

/** For technologies whose locations have tables. */
interface Migrations<P extends Location> {
  /** Done and pending migrations of a location. Changes nothing. @throws SelvageError as `open` */
  state(place: P): Promise<MigrationState>;
  sql(name: string): string;
  /**
   * Makes the pending migrations, and returns their names. Safe if several processes do it at once. @throws
   * SelvageError as `open`
   */
  migrate(place: P): Promise<readonly string[]>;
}

/**
 * One technology: the form of its URLs, and how to open what they name. To add one, implement this and list
 * it in `index.ts`.
 */
export interface Technology<P extends Location = Location> {
  readonly name: string;
  /** The schemes, without the colon. */
  readonly schemes: readonly string[];
  /**
   * Its locations are servers, which may be unreachable while others are not: those that only have values are
   * opened when one is needed.
   */
  readonly isServer?: true;
  /** The forms of its URLs, by the ports that it has adapters for. */
  readonly forms: Partial<Readonly<Record<Port, string>>>;
  /**
   * Reads a URL with one of the schemes; `rest` follows the colon. Undefined if it is malformed.
   *
   * @param projectDir base of relative paths
   */
  parse(url: { readonly scheme: string; readonly rest: string }, projectDir: string): P | undefined;
  /** Every wait has a limit. @throws SelvageError with what is wrong, without secrets */
  open(place: P, options: OpenLocationOptions): Promise<OpenLocation>;
  /** Checks whether the location can be used. Changes nothing. @throws SelvageError as `open` */
  inspect(place: P): Promise<LocationState>;
  /**
   * Settings that may lose the data there although everything works, one sentence each, without secrets.
   * @throws SelvageError as `open`
   */
  threats?(place: P): Promise<readonly string[]>;
  readonly migrations?: Migrations<P>;
}
