/** A value that is hashed and stored as canonical JSON of its tagged form. */
interface EncodedJson {
  readonly kind: 'json';
  readonly text: string;
}

/** Bytes that are hashed and stored unchanged. */
interface EncodedBytes {
  readonly kind: 'bytes';
  /** Bytes in the value's own memory, not a copy. */
  readonly bytes: Uint8Array;
}

/** A table, stored as its manifest under the hash of its content. */
interface EncodedTable {
  readonly kind: 'table';
  readonly hash: string;
  /** The manifest as canonical JSON. */
  readonly text: string;
}

export type Encoded = EncodedJson | EncodedBytes | EncodedTable;

/** Size in bytes; JSON counts in UTF-8. */
export function encodedSize(encoded: Encoded): number {
  return encoded.kind === 'bytes' ? encoded.bytes.byteLength : utf8Length(encoded.text);
}

/** The length of a text in UTF-8, computed by hand, as the workflow sandbox has no encoder. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // Each half of a surrogate pair, which has four bytes, counts two.
    length += unit < 0x800 || (unit & 0xf800) === 0xd800 ? 1 : 2;
  }
  return length;
}
