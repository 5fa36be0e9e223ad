/** The part of a `pg` pool that Selvage needs. The pool keeps your settings, and Selvage does not close it. */
export interface PostgresPoolLike {
  connect(): Promise<PostgresClientLike>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'connect', listener: (client: PostgresClientLike) => void): unknown;
}

/** One connection of a pool. */
export interface PostgresClientLike {
  query(query: PostgresQuery): Promise<PostgresResult>;
  /** @param destroy if true or an error, the connection is closed instead of kept */
  release(destroy?: boolean | Error): void;
  // The type is `any`, because each event has its own message.
  on(event: 'error' | 'end' | 'notification', listener: (message: any) => void): unknown;
  removeListener(event: 'error' | 'end' | 'notification', listener: (message: any) => void): unknown;
}

export interface PostgresQuery {
  readonly text: string;
  readonly values?: unknown[];
  /** The statement stays prepared under this name. */
  readonly name?: string;
  /** The parsers of the results, for this query alone. */
  readonly types?: { getTypeParser(oid: number, format?: string): (value: any) => any };
  /** The query fails after this many milliseconds without an answer. */
  readonly query_timeout?: number;
}

export interface PostgresResult {
  readonly command: string;
  readonly rowCount: number | null;
  readonly rows: any[];
}
