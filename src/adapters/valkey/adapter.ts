import type { ValkeyConnection } from './connection';

/** What all adapters on a Valkey (or Redis) server have. */
export abstract class ValkeyAdapter {
  readonly technology = 'valkey';

  /** Closing the adapter closes the connection with it. */
  constructor(protected readonly connection: ValkeyConnection) {}

  identity(): Promise<string> {
    return this.connection.identity();
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}
