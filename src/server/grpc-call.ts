import { connect, constants, type ClientHttp2Session } from 'node:http2';

/** A gRPC status, which is sent as decimal text; undefined if the call broke before it arrived. */
type GrpcStatus = string | undefined;
export const OK = '0';
export const NOT_FOUND = '5';

/** The calls that wait fail if the connection is lost. */
function openSession(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  return session;
}

/** The result of calls on their own connection; undefined after `limitMs` or a failure. Never rejects. */
export async function withSession<T>(
  port: number,
  limitMs: number,
  calls: (session: ClientHttp2Session) => Promise<T>,
): Promise<T | undefined> {
  const session = openSession(port);
  const timer = setTimeout(() => session.destroy(), limitMs);
  try {
    return await calls(session);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    session.destroy();
  }
}

export async function call(
  session: ClientHttp2Session,
  method: string,
  message: Buffer,
): Promise<GrpcStatus> {
  return (await ask(session, method, message)).status;
}

export function ask(
  session: ClientHttp2Session,
  method: string,
  message: Buffer,
): Promise<{ status: GrpcStatus; answer: Buffer }> {
  return new Promise((resolve) => {
    let status: GrpcStatus;
    const received: Buffer[] = [];
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: `/${method}`,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
      [constants.HTTP2_HEADER_TE]: 'trailers',
    });
    stream.on('response', (headers) => (status ??= headers['grpc-status'] as GrpcStatus));
    stream.on('trailers', (trailers) => (status ??= trailers['grpc-status'] as GrpcStatus));
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => received.push(chunk));
    stream.on('close', () =>
      resolve({ status, answer: Buffer.concat(received).subarray(FRAME_HEADER_BYTES) }),
    );
    stream.end(frame(message));
  });
}

const FRAME_HEADER_BYTES = 5;

/** A gRPC frame: the flag for uncompressed, the length, the bytes. */
function frame(message: Buffer): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

/** A length-delimited Protocol Buffers field. */
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

/** The text of the first field with this number in a Protocol Buffers message; undefined if there is none. */
export function textField(message: Buffer, number: number): string | undefined {
  for (let at = 0; at < message.length;) {
    const tag = readNumber(message, at);
    const length = readNumber(message, tag.next);
    if ((tag.value & 7) === 0) at = length.next;
    else if ((tag.value & 7) === 2) {
      if (tag.value >>> 3 === number)
        return message.toString('utf8', length.next, length.next + length.value);
      at = length.next + length.value;
    } else return undefined;
  }
  return undefined;
}

function readNumber(message: Buffer, at: number): { value: number; next: number } {
  let value = 0;
  let next = at;
  for (let shift = 0; next < message.length; shift += 7) {
    const byte = message[next]!;
    next += 1;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  return { value, next };
}
