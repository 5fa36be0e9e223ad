/**
 * The part of a client that Selvage needs. Clients of `iovalkey` (the default) and `ioredis` have this part, including
 * their `Cluster`. Your client stays open; Selvage only closes connections that it made with `duplicate`.
 */
export interface ValkeyClientLike {
  /** Sends a command; strings in the reply are bytes. */
  callBuffer(command: string, ...args: (string | Buffer | number)[]): Promise<unknown>;
  /** Makes another connection to the same server, for a subscriber to block. */
  duplicate(): ValkeyClientLike;
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Closes the connection at once. */
  disconnect(): void;
  /** Whether the client sends each command to the right node of a cluster. */
  readonly isCluster?: boolean;
}

export type ValkeyArgument = string | Buffer | number;

export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function textOf(reply: unknown): string {
  return Buffer.isBuffer(reply) ? reply.toString() : String(reply);
}
