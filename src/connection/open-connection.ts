import {
  Connection,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
  type ConnectionOptions,
  type GrpcRetryOptions,
} from '@temporalio/client';
import { IS_CLOSING, ONE_TOO_MANY } from './update-failure';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];
type Call = ReturnType<Interceptor>;

/** Longest delay before a server that is back is noticed; gRPC's own default is up to two minutes. */
const RECONNECT_AFTER_MS = 5_000;
/** gRPC's status code for a call that its client gave up. */
const CANCELLED = 1;

/**
 * A connection that can be closed at any time: a call that waits for a retry ends as cancelled. With the SDK's own
 * connection, a retry on the closed channel throws out of a timer and ends the process.
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  let isClosed = false;
  const guard: Interceptor = (call, next) => (isClosed ? cancelledCall() : (next(call) as Call));
  const connection = await Connection.connect({
    ...options,
    channelArgs: { 'grpc.max_reconnect_backoff_ms': RECONNECT_AFTER_MS, ...options.channelArgs },
    interceptors: [...(options.interceptors ?? [makeGrpcRetryInterceptor(retryOptions())]), guard],
  });
  const close = connection.close.bind(connection);
  connection.close = async () => {
    isClosed = true;
    await close();
  };
  return connection;
}

/** The SDK's retries, without seconds of waiting for two refusals of updates that pass within milliseconds. */
function retryOptions(): GrpcRetryOptions {
  const options = defaultGrpcRetryOptions();
  return {
    ...options,
    retryableDecider: (attempt, status) =>
      !ONE_TOO_MANY.test(status.details) &&
      !IS_CLOSING.test(status.details) &&
      options.retryableDecider(attempt, status),
  };
}

function cancelledCall(): Call {
  const call: Pick<
    Call,
    | 'start'
    | 'sendMessage'
    | 'sendMessageWithContext'
    | 'startRead'
    | 'halfClose'
    | 'cancelWithStatus'
    | 'getPeer'
  > = {
    start(metadata, listener) {
      listener?.onReceiveStatus?.({ code: CANCELLED, details: 'The connection has been closed', metadata });
    },
    sendMessage() {},
    sendMessageWithContext() {},
    startRead() {},
    halfClose() {},
    cancelWithStatus() {},
    getPeer: () => '',
  };
  return call as Call;
}
