export interface LineFormat {
  /** The bytes of a code unit; a line feed is one unit. */
  readonly unit: 1 | 2;
  /** The place of the first byte of the next line feed at or after a place; -1 if there is none. */
  feed(bytes: Buffer, from: number): number;
  /** The text of a line without its end. */
  text(bytes: Buffer, from: number, to: number): string;
  /** Length of the byte order mark that a file begins with, in bytes. */
  mark(bytes: Buffer): number;
}

const FEED = 0x0a;

export function lineFormat(encoding: string): LineFormat {
  if (encoding === 'utf-16le' || encoding === 'utf-16be') return wide(encoding);
  const decoder = new TextDecoder(encoding, { ignoreBOM: true });
  const isUtf8 = encoding === 'utf-8';
  return {
    unit: 1,
    feed: (bytes, from) => bytes.indexOf(FEED, from),
    text: isUtf8
      ? (bytes, from, to) => bytes.toString('utf8', from, to)
      : (bytes, from, to) => decoder.decode(bytes.subarray(from, to)),
    mark: (bytes) =>
      isUtf8 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf && bytes.length >= 3 ? 3 : 0,
  };
}

function wide(encoding: 'utf-16le' | 'utf-16be'): LineFormat {
  const decoder = new TextDecoder(encoding, { ignoreBOM: true });
  const [low, high] = encoding === 'utf-16le' ? [0, 1] : [1, 0];
  const is = (bytes: Buffer, at: number, unit: number): boolean =>
    bytes[at + low] === (unit & 0xff) && bytes[at + high] === unit >> 8;
  return {
    unit: 2,
    feed(bytes, from) {
      for (let at = from; at + 1 < bytes.length; at += 2) if (is(bytes, at, FEED)) return at;
      return -1;
    },
    text: (bytes, from, to) => decoder.decode(bytes.subarray(from, to)),
    mark: (bytes) => (bytes.length >= 2 && is(bytes, 0, 0xfeff) ? 2 : 0),
  };
}
