/** The bytes that a block of rows is hashed by, see docs/table-hash.md. */
import { widthOf } from './types';
import { copyBits, type BytesVector, type ListVector, type Vector } from './vector';

/** Rows `from` up to, and without, `to` of a vector. */
export interface Piece<Of extends Vector = Vector> {
  readonly vector: Of;
  readonly from: number;
  readonly to: number;
}

type Emit = (bytes: Uint8Array) => void;
type Layout<Name extends Vector['layout']> = Extract<Vector, { readonly layout: Name }>;

/** Where the pieces lie in the block: which of its rows are not null. */
interface Rows {
  readonly count: number;
  readonly valid: Uint8Array;
}

/** Words by their bytes: null slots are zeroed a word at a time. Decimals have two words. */
const WORDS = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: Float64Array } as const;

/**
 * Emits the encoding of the rows of all pieces, one after another. The bytes may be those of a vector: use them before
 * anything else happens.
 */
export function encodePieces(pieces: readonly Piece[], emit: Emit): void {
  const [first] = pieces;
  // No rows of any type: neither a bitmap nor content.
  if (!first) return;
  const rows = rowsOf(pieces);
  emit(rows.valid);
  switch (first.vector.layout) {
    case 'fixed':
      return encodeFixed(pieces as Piece<Layout<'fixed'>>[], rows, emit);
    case 'bool': {
      const bits = packed(pieces, rows.count, (vector) => (vector as Layout<'bool'>).values);
      emit(bits.map((byte, index) => byte & rows.valid[index]!));
      return;
    }
    case 'bytes':
      for (const { vector, from, to } of encodeLengths(pieces as Piece<BytesVector>[], rows, emit)) {
        emit(vector.data.subarray(from, to));
      }
      return;
    case 'list': {
      const spans = encodeLengths(pieces as Piece<ListVector>[], rows, emit);
      encodePieces(
        spans.map(({ vector, from, to }) => ({ vector: vector.items, from, to })),
        emit,
      );
      return;
    }
    case 'struct':
      first.vector.fields.forEach((_, field) => {
        encodePieces(
          (pieces as Piece<Layout<'struct'>>[]).map((piece) => fieldOf(piece, field)),
          emit,
        );
      });
  }
}

function rowsOf(pieces: readonly Piece[]): Rows {
  const count = pieces.reduce((sum, { from, to }) => sum + to - from, 0);
  return { count, valid: packed(pieces, count, ({ validity }) => validity) };
}

function packed<Of extends Vector>(
  pieces: readonly Piece<Of>[],
  count: number,
  bitsOf: (vector: Of) => Vector['validity'],
): Uint8Array {
  const bits = new Uint8Array((count + 7) >> 3);
  let at = 0;
  for (const { vector, from, to } of pieces) {
    copyBits(bits, at, bitsOf(vector), from, to - from);
    at += to - from;
  }
  return bits;
}

/** Calls back for each null of the block from row `from` up to `to`. Bytes without a null cost one comparison. */
function eachNull(valid: Uint8Array, from: number, to: number, visit: (row: number) => void): void {
  for (let row = from; row < to;) {
    const rest = valid[row >> 3]! >> (row & 7);
    const end = Math.min((row | 7) + 1, to);
    if (rest === 0xff >> (row & 7)) {
      row = end;
      continue;
    }
    for (let bits = rest; row < end; row++, bits >>= 1) if ((bits & 1) === 0) visit(row);
  }
}

function encodeFixed(pieces: readonly Piece<Layout<'fixed'>>[], { valid }: Rows, emit: Emit): void {
  let at = 0;
  for (const { vector, from, to } of pieces) {
    const width = widthOf(vector.type)!;
    const given = vector.values.subarray(width * from, width * to);
    const bytes = vector.validity ? withoutNulls(given, width, valid, at, at + to - from) : given;
    emit(vector.type.kind.startsWith('float') ? withOneNaN(bytes, width as 4 | 8) : bytes);
    at += to - from;
  }
}

function withoutNulls(
  given: Uint8Array,
  width: number,
  valid: Uint8Array,
  from: number,
  to: number,
): Uint8Array {
  const bytes = given.slice();
  const words = new WORDS[Math.min(width, 8) as keyof typeof WORDS](bytes.buffer);
  const each = words.length / (to - from);
  eachNull(valid, from, to, (row) => {
    for (let word = each * (row - from), end = word + each; word < end; word++) words[word] = 0;
  });
  return bytes;
}

/** There are many NaNs, which count as one. */
function withOneNaN(given: Uint8Array, width: 4 | 8): Uint8Array {
  const isAligned = given.byteOffset % width === 0;
  const source = isAligned ? given : given.slice();
  const ofFloats = width === 8 ? Float64Array : Float32Array;
  const floats = new ofFloats(source.buffer as ArrayBuffer, source.byteOffset, source.length / width);
  let first = 0;
  while (first < floats.length && !Number.isNaN(floats[first])) first++;
  if (first === floats.length) return source;
  const bytes = source.slice();
  const view = new DataView(bytes.buffer);
  for (let row = first; row < floats.length; row++) {
    if (!Number.isNaN(floats[row])) continue;
    if (width === 8) view.setBigUint64(8 * row, 0x7ff8000000000000n, true);
    else view.setUint32(4 * row, 0x7fc00000, true);
  }
  return bytes;
}

/** Emits the lengths, and returns where the bytes or items of values that are not null lie. */
function encodeLengths<Of extends BytesVector | ListVector>(
  pieces: readonly Piece<Of>[],
  { count, valid }: Rows,
  emit: Emit,
): Piece<Of>[] {
  const lengths = new Uint32Array(count);
  const spans: Piece<Of>[] = [];
  let at = 0;
  for (const { vector, from, to } of pieces) {
    const { offsets } = vector;
    for (let row = from, index = at; row < to; row++) lengths[index++] = offsets[row + 1]! - offsets[row]!;
    let start = from;
    if (vector.validity) {
      eachNull(valid, at, at + to - from, (index) => {
        if (lengths[index] === 0) return;
        lengths[index] = 0;
        const row = from + index - at;
        spans.push({ vector, from: offsets[start]!, to: offsets[row]! });
        start = row + 1;
      });
    }
    spans.push({ vector, from: offsets[start]!, to: offsets[to]! });
    at += to - from;
  }
  emit(new Uint8Array(lengths.buffer));
  return spans;
}

/** A field of a struct's piece, in which a row is null where the struct is. */
function fieldOf({ vector, from, to }: Piece<Layout<'struct'>>, place: number): Piece {
  const field = vector.fields[place]!;
  if (!vector.validity) return { vector: field, from, to };
  const count = to - from;
  const bytes = packed([{ vector, from, to }], count, ({ validity }) => validity);
  const own = packed([{ vector: field, from, to }], count, ({ validity }) => validity);
  own.forEach((byte, index) => (bytes[index]! &= byte));
  return { vector: { ...field, validity: { bytes, offset: -from } }, from, to };
}
