/** A value as SQLite stores it. Integers are exact; text keeps its bytes, which need not be valid. */
export type StoredField = null | bigint | number | StoredText | Buffer;

export class StoredText {
  constructor(readonly bytes: Buffer) {}

  toString(): string {
    return this.bytes.toString('utf8');
  }
}

/** A variable-length integer and how many bytes it takes; undefined where the bytes end before it does. */
export function readVarint(bytes: Buffer, at: number): { value: number; length: number } | undefined {
  let value = 0n;
  for (let index = 0; index < 9; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) return undefined;
    if (index === 8) value = (value << 8n) | BigInt(byte);
    else value = (value << 7n) | BigInt(byte & 0x7f);
    if (byte < 0x80 || index === 8) return { value: Number(BigInt.asIntN(64, value)), length: index + 1 };
  }
  return undefined;
}

/** The fields of a record; undefined where the bytes are not one. */
export function readRecord(payload: Buffer): StoredField[] | undefined {
  const header = readVarint(payload, 0);
  if (!header || header.value < header.length || header.value > payload.length) return undefined;
  const fields: StoredField[] = [];
  let content = header.value;
  let at = header.length;
  while (at < header.value) {
    const type = readVarint(payload, at);
    if (!type || at + type.length > header.value) return undefined;
    at += type.length;
    const length = contentLength(type.value);
    if (length === undefined || content + length > payload.length) return undefined;
    fields.push(field(type.value, payload.subarray(content, content + length)));
    content += length;
  }
  return content === payload.length ? fields : undefined;
}

const FIXED_LENGTHS = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0] as const;

function contentLength(type: number): number | undefined {
  if (type < 0 || type === 10 || type === 11) return undefined;
  return type < 10 ? FIXED_LENGTHS[type] : (type - (type % 2 === 0 ? 12 : 13)) / 2;
}

function field(type: number, bytes: Buffer): StoredField {
  if (type === 0) return null;
  if (type === 7) return bytes.readDoubleBE(0);
  if (type === 8) return 0n;
  if (type === 9) return 1n;
  if (type < 7)
    return bytes.length === 8 ? bytes.readBigInt64BE(0) : BigInt(bytes.readIntBE(0, bytes.length));
  return type % 2 === 0 ? bytes : new StoredText(bytes);
}
