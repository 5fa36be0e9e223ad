const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const CODES = Uint8Array.from(ALPHABET, (letter) => letter.charCodeAt(0));
const PADDING = '='.charCodeAt(0);
const NOT_A_LETTER = 255;
const VALUES = new Uint8Array(128).fill(NOT_A_LETTER);
CODES.forEach((code, value) => (VALUES[code] = value));

/** Slice size, a multiple of 3, so that only the last slice is padded. The codes of a slice must fit on the stack. */
const BYTES_PER_SLICE = 3 * 1024;

/** RFC 4648 with padding. The code is our own, as the workflow sandbox has neither `Buffer` nor `btoa`. */
export function toBase64(bytes: Uint8Array): string {
  // `codes` is a plain array, reused: engines spread it about twice as fast as a typed array.
  const codes: number[] = [];
  let text = '';
  for (let start = 0; start < bytes.length; start += BYTES_PER_SLICE) {
    codes.length = encodeSlice(bytes, start, Math.min(start + BYTES_PER_SLICE, bytes.length), codes);
    text += String.fromCharCode.apply(null, codes);
  }
  return text;
}

/** Returns the number of letters written. */
function encodeSlice(bytes: Uint8Array, start: number, end: number, codes: number[]): number {
  let to = 0;
  for (let i = start; i < end; i += 3) {
    const bits = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    codes[to++] = CODES[bits >> 18]!;
    codes[to++] = CODES[(bits >> 12) & 63]!;
    codes[to++] = i + 1 < end ? CODES[(bits >> 6) & 63]! : PADDING;
    codes[to++] = i + 2 < end ? CODES[bits & 63]! : PADDING;
  }
  return to;
}

/** The bytes; undefined if the text is not exactly as {@link toBase64} writes. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const letters = text.length - padding;
  const bytes = new Uint8Array((letters * 3) >> 2);
  let to = 0;
  let bits = 0;
  let bitCount = 0;
  for (let i = 0; i < letters; i++) {
    const value = VALUES[text.charCodeAt(i)] ?? NOT_A_LETTER;
    if (value === NOT_A_LETTER) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      bytes[to++] = (bits >> bitCount) & 255;
    }
  }
  const leftOver = bits & ((1 << bitCount) - 1);
  return leftOver === 0 ? bytes : undefined;
}
