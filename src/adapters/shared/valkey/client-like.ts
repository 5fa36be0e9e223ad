/**
 * The part of a client that Selvage needs. Those of `iovalkey` (the default) and `ioredis` have it, also their `Cluster`: give whichever
 * you have. It stays yours: Selvage does not close it, and closes the connections that it made with `duplicate`.
 */
export interface ValkeyClientLike {
  /** Sends a command, and answers with bytes in the place of strings. */
  callBuffer(command: string, ...args: (string | Buffer | number)[]): Promise<unknown>;
  /** Another connection to the same server: for a subscriber, who waits on it. */
  duplicate(): ValkeyClientLike;
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Closes it at once. */
  disconnect(): void;
  /** True of a client that asks each node of a cluster for what it has. */
  readonly isCluster?: boolean;
}

export type ValkeyArgument = string | Buffer | number;

export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What stands in a reply, as text. */
export function textOf(reply: unknown): string {
  return Buffer.isBuffer(reply) ? reply.toString() : String(reply);
}
