import { connect, constants, type ClientHttp2Session } from 'node:http2';

/** A status of gRPC, which travels as decimal text; undefined where the call broke before one came. */
export type GrpcStatus = string | undefined;
export const OK = '0';
export const NOT_FOUND = '5';

/** A connection to a server on this machine. Whoever waits for a call learns from it that the connection is lost. */
export function openSession(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  return session;
}

/** One call of gRPC, of which only the status matters. */
export function call(session: ClientHttp2Session, method: string, message: Buffer): Promise<GrpcStatus> {
  return new Promise((resolve) => {
    let status: GrpcStatus;
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: `/${method}`,
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
}

/** A gRPC message: not compressed, its length, its bytes. */
function frame(message: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

/** One length-delimited Protocol Buffers field. */
export function field(number: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  const length: number[] = [];
  for (let rest = bytes.length; ; rest >>>= 7) {
    if (rest < 0x80) {
      length.push(rest);
      break;
    }
    length.push((rest & 0x7f) | 0x80);
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes]);
}
