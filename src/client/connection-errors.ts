import { ServiceError, isGrpcServiceError } from '@temporalio/client';
import { SelvageError } from '../errors';

/** gRPC status codes that say that the server, not the request, is the matter. */
const UNAVAILABLE = 14;
const DEADLINE_EXCEEDED = 4;

/** An error of a call to Temporal as one of ours where the server could not be reached; any other unchanged. */
export function unreachable(error: unknown, address?: string): unknown {
  const cause = error instanceof ServiceError && error.cause !== undefined ? error.cause : error;
  const isTransport =
    (isGrpcServiceError(cause) &&
      (cause.code === (UNAVAILABLE as never) || cause.code === (DEADLINE_EXCEEDED as never))) ||
    (error instanceof Error &&
      /Failed to connect before the deadline|Connection refused|ECONNREFUSED|transport error/i.test(
        error.message,
      ));
  if (!isTransport) return error;
  return new SelvageError(
    'ServerUnreachable',
    `No Temporal server answers${address ? ` at ${address}` : ''}. Check the address (--address, TEMPORAL_ADDRESS) and that the server ` +
      'runs; without an address, Selvage starts its embedded server. Runs in flight are not affected.',
    { details: { address }, cause: error },
  );
}
