import {
  Connection,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
  type ConnectionOptions,
} from '@temporalio/client';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];
type Call = ReturnType<Interceptor>;

/** gRPC's status code for a call that its own client gave up. */
const CANCELLED = 1;

/**
 * A connection that may be closed at any time. With the SDK's own, a call that waits to be tried again is made on the closed
 * channel, which throws out of a timer and ends the process; here it ends as cancelled.
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  let isClosed = false;
  const guard: Interceptor = (call, next) => (isClosed ? cancelledCall() : (next(call) as Call));
  const connection = await Connection.connect({
    ...options,
    interceptors: [...(options.interceptors ?? [makeGrpcRetryInterceptor(defaultGrpcRetryOptions())]), guard],
  });
  const close = connection.close.bind(connection);
  connection.close = async () => {
    isClosed = true;
    await close();
  };
  return connection;
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
