import type { ConnectionOptions } from '@temporalio/client';
import type { NativeConnectionOptions } from '@temporalio/worker';

export function toNativeOptions(options: ConnectionOptions): NativeConnectionOptions {
  const { address, tls, apiKey, metadata } = options;
  return {
    ...(address && { address }),
    // `false` prevents that a key turns on TLS.
    ...(tls !== undefined && tls !== null && { tls }),
    ...(typeof apiKey === 'string' && { apiKey }),
    ...(metadata && { metadata }),
  };
}
