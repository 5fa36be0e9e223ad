import type { ConnectionOptions } from '@temporalio/client';
import type { NativeConnectionOptions } from '@temporalio/worker';

/** A worker's connection with the address and credentials of a client's. */
export function toNativeOptions(options: ConnectionOptions): NativeConnectionOptions {
  const { address, tls, apiKey, metadata } = options;
  return {
    ...(address && { address }),
    // `false` also has a meaning: that a key turns no TLS on.
    ...(tls !== undefined && tls !== null && { tls }),
    ...(typeof apiKey === 'string' && { apiKey }),
    ...(metadata && { metadata }),
  };
}
