import type { ValkeyConnection } from './connection';

/** The base of all adapters on a Valkey (or Redis) server. */
export abstract class ValkeyAdapter {
  readonly technology = 'valkey';

  /** Closing the adapter closes the connection. */
  constructor(protected readonly connection: ValkeyConnection) {}

  identity(): Promise<string> {
    return this.connection.identity();
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}
