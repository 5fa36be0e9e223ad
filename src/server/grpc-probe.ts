import { connect, constants } from 'node:http2';

/**
 * Asks a Temporal server on this machine whether it serves: its namespace `default` must exist, and a look for a
 * workflow must get as far as the history shards. Two real calls over plain HTTP/2, because loading a gRPC client takes
 * longer than the server takes to start.
 *
 * Resolves to false on any other answer, on none within `limitMs`, and where nothing listens; it never rejects.
 */
export async function serves(port: number, limitMs: number): Promise<boolean> {
  const session = connect(`http://127.0.0.1:${port}`);
  // Whoever waits learns of a lost connection from the call that it breaks.
  session.on('error', () => {});
  const timer = setTimeout(() => session.destroy(), limitMs);
  try {
    const call = (method: string, message: Buffer): Promise<GrpcStatus> =>
      new Promise((resolve) => {
        let status: GrpcStatus;
        const stream = session.request({
          [constants.HTTP2_HEADER_METHOD]: 'POST',
          [constants.HTTP2_HEADER_PATH]: `/temporal.api.workflowservice.v1.WorkflowService/${method}`,
          [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
          [constants.HTTP2_HEADER_TE]: 'trailers',
        });
        stream.on('response', (headers) => (status ??= headers['grpc-status'] as GrpcStatus));
        stream.on('trailers', (trailers) => (status ??= trailers['grpc-status'] as GrpcStatus));
        stream.on('error', () => {});
        stream.on('close', () => resolve(status));
        stream.resume();
        stream.end(frame(message));
      });
    const namespace = field(1, 'default');
    if ((await call('DescribeNamespace', namespace)) !== OK) return false;
    const execution = Buffer.concat([namespace, field(2, field(1, 'selvage-probe'))]);
    return (await call('DescribeWorkflowExecution', execution)) === NOT_FOUND;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    session.destroy();
  }
}

/** A status of gRPC, which travels as decimal text; undefined where the call broke before one came. */
type GrpcStatus = string | undefined;
const OK = '0';
const NOT_FOUND = '5';

/** A gRPC message: not compressed, its length, its bytes. */
function frame(message: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

/** One length-delimited Protocol Buffers field; for contents under 128 bytes, whose length is one byte. */
function field(number: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}
