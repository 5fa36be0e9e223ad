import type { LocationState, MigrationState } from '../../adapters/sql/migrations';
import type { DataStore, LeaseTable, RunHistory, StartLedger, TapestryStore } from '../../ports';

const PORTS = ['tapestry store', 'run history', 'data store', 'lease table', 'start ledger'] as const;

export type Port = (typeof PORTS)[number];

export const forEveryPort = (form: string): Partial<Record<Port, string>> =>
  Object.fromEntries(PORTS.map((port) => [port, form]));

/** A backend's location, according to its URL. */
export interface Location {
  readonly technology: string;
  /** A text that is equal for URLs of one location. The key may contain a password: never show it. */
  readonly key: string;
  /** The location in words, without secrets. */
  readonly shown: string;
  /** The absolute path of its file or folder, if it has one. The file or folder need not exist. */
  readonly path?: string;
}

/** An open location, with the ports that the technology has adapters for. */
export interface OpenLocation {
  tapestryStore?(): TapestryStore;
  runHistory?(): RunHistory;
  dataStore?(): DataStore;
  leaseTable?(): LeaseTable;
  startLedger?(): StartLedger;
  /** Closes the adapters' shared connection. `close` may be repeated, or called after the adapters were closed. */
  close(): Promise<void>;
}

interface OpenLocationOptions {
  /** Makes commits survive a power cut, if the technology leaves that open. */
  readonly durable: boolean;
}

interface Migrations<P extends Location> {
  /** Reads the state of the migrations, and changes nothing. @throws SelvageError as `open` */
  state(place: P): Promise<MigrationState>;
  sql(name: string): string;
  /** Migrates, also concurrently; returns the names of made migrations. @throws SelvageError as `open` */
  migrate(place: P): Promise<readonly string[]>;
}

/** The form of a technology's URLs, and how to open their locations. Listed in `index.ts`. */
export interface Technology<P extends Location = Location> {
  readonly name: string;
  readonly schemes: readonly string[];
  /** Whether its servers may be unreachable separately; stores with values only are then opened at their first use. */
  readonly isServer?: true;
  readonly forms: Partial<Readonly<Record<Port, string>>>;
  /** Parses a URL; undefined if it is malformed. @param projectDir base of relative paths */
  parse(url: { readonly scheme: string; readonly rest: string }, projectDir: string): P | undefined;
  /** Opens the location; every wait has a limit. @throws SelvageError with the problem, without secrets */
  open(place: P, options: OpenLocationOptions): Promise<OpenLocation>;
  /** Checks whether the location is usable. The check changes nothing. @throws SelvageError as `open` */
  inspect(place: P): Promise<LocationState>;
  /**
   * Settings that may lose data although everything works, a sentence each, without secrets. @throws SelvageError as
   * `open`
   */
  threats?(place: P): Promise<readonly string[]>;
  readonly migrations?: Migrations<P>;
}
