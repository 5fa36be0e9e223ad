/** SQLite's trees, read page by page, so that a damaged page costs what is on it and under it and no more. */
import type { Pages } from './pages';
import { readRecord, readVarint, type StoredField } from './record';

const INDEX_INTERIOR = 0x02;
const TABLE_INTERIOR = 0x05;
const INDEX_LEAF = 0x0a;
const TABLE_LEAF = 0x0d;

export type TreeKind = 'table' | 'index';

export interface StoredRow {
  /** Undefined in an index tree, which also is what a table WITHOUT ROWID is made of. */
  readonly rowid: bigint | undefined;
  readonly fields: StoredField[];
}

/** What went wrong while a tree was read. */
export interface TreeDamage {
  /** Pages that could not be read. What was under them, if anything, was not reached. */
  readonly pages: number[];
  /** Rows that were found and could not be read. */
  rows: number;
}

export function newDamage(): TreeDamage {
  return { pages: [], rows: 0 };
}

export function isDamaged(damage: TreeDamage): boolean {
  return damage.pages.length > 0 || damage.rows > 0;
}

/** Calls `take` with each row of a tree that can be read, in the tree's order. Every page that belongs to it is added to `reached`. */
export function walkTree(
  pages: Pages,
  root: number,
  kind: TreeKind,
  reached: Set<number>,
  damage: TreeDamage,
  take: (row: StoredRow) => void,
): void {
  const pending: (number | (() => void))[] = [root];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next === 'function') {
      next();
      continue;
    }
    // A page of two trees, or twice in one: whoever came first has it.
    const page = reached.has(next) ? undefined : readPage(pages, next, kind);
    if (!page) {
      damage.pages.push(next);
      continue;
    }
    reached.add(next);
    const steps: typeof pending = [];
    for (const cell of page.cells) {
      if (cell.child !== undefined) steps.push(cell.child);
      if (cell.rowid === undefined && page.isInterior && kind === 'table') continue;
      steps.push(() => {
        const row = readRow(pages, page.bytes, cell, kind, reached);
        if (row) take(row);
        else damage.rows += 1;
      });
    }
    if (page.lastChild !== undefined) steps.push(page.lastChild);
    damage.rows += page.brokenCells;
    pending.push(...steps.reverse());
  }
}

/** The rows of one page that no tree leads to any more; undefined where it is not a page of that kind with rows. */
export function rowsOfPage(pages: Pages, number: number, kind: TreeKind): StoredRow[] | undefined {
  const page = readPage(pages, number, kind);
  if (!page || page.brokenCells > 0 || (page.isInterior && kind === 'table')) return undefined;
  const rows = page.cells.map((cell) => readRow(pages, page.bytes, cell, kind, new Set()));
  return rows.every((row) => row !== undefined) ? rows : undefined;
}

interface Cell {
  readonly at: number;
  readonly child?: number;
  readonly rowid?: bigint;
  readonly payloadLength: number;
}

interface TreePage {
  readonly bytes: Buffer;
  readonly isInterior: boolean;
  readonly cells: Cell[];
  readonly lastChild: number | undefined;
  readonly brokenCells: number;
}

function readPage(pages: Pages, number: number, kind: TreeKind): TreePage | undefined {
  const bytes = pages.read(number);
  if (!bytes) return undefined;
  const start = number === 1 ? 100 : 0;
  const type = bytes[start];
  const interior = kind === 'table' ? TABLE_INTERIOR : INDEX_INTERIOR;
  const leaf = kind === 'table' ? TABLE_LEAF : INDEX_LEAF;
  if (type !== interior && type !== leaf) return undefined;
  const isInterior = type === interior;
  const count = bytes.readUInt16BE(start + 3);
  const pointers = start + (isInterior ? 12 : 8);
  if (pointers + 2 * count > pages.usable) return undefined;
  const cells: Cell[] = [];
  let brokenCells = 0;
  for (let index = 0; index < count; index += 1) {
    const at = bytes.readUInt16BE(pointers + 2 * index);
    const isInside = at >= pointers + 2 * count && at <= pages.usable - 4;
    const cell = isInside ? readCell(bytes, at, kind, isInterior) : undefined;
    if (cell) cells.push(cell);
    else brokenCells += 1;
  }
  // A page of which nothing can be read is no page of a tree.
  if (count > 0 && cells.length === 0) return undefined;
  return {
    bytes,
    isInterior,
    cells,
    lastChild: isInterior ? bytes.readUInt32BE(start + 8) : undefined,
    brokenCells,
  };
}

function readCell(bytes: Buffer, at: number, kind: TreeKind, isInterior: boolean): Cell | undefined {
  let position = at;
  const child = isInterior ? bytes.readUInt32BE(position) : undefined;
  if (isInterior) position += 4;
  if (isInterior && kind === 'table') return { at: position, child: child!, payloadLength: 0 };
  const length = readVarint(bytes, position);
  if (!length || length.value < 0) return undefined;
  position += length.length;
  if (kind === 'index') {
    return { at: position, payloadLength: length.value, ...(child !== undefined && { child }) };
  }
  const rowid = readVarint(bytes, position);
  if (!rowid) return undefined;
  return { at: position + rowid.length, payloadLength: length.value, rowid: exactVarint(bytes, position) };
}

/** A row id may be beyond what a number holds exactly. */
function exactVarint(bytes: Buffer, at: number): bigint {
  let value = 0n;
  for (let index = 0; ; index += 1) {
    const byte = bytes[at + index]!;
    if (index === 8) return BigInt.asIntN(64, (value << 8n) | BigInt(byte));
    value = (value << 7n) | BigInt(byte & 0x7f);
    if (byte < 0x80) return BigInt.asIntN(64, value);
  }
}

function readRow(
  pages: Pages,
  bytes: Buffer,
  cell: Cell,
  kind: TreeKind,
  reached: Set<number>,
): StoredRow | undefined {
  const payload = readPayload(pages, bytes, cell, kind, reached);
  const fields = payload && readRecord(payload);
  return fields && { rowid: cell.rowid, fields };
}

/** The part of a payload that is in the page, and what follows on overflow pages. */
function readPayload(
  pages: Pages,
  bytes: Buffer,
  { at, payloadLength }: Cell,
  kind: TreeKind,
  reached: Set<number>,
): Buffer | undefined {
  const { usable } = pages;
  const largest = kind === 'table' ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
  if (payloadLength <= largest) {
    return at + payloadLength <= usable ? bytes.subarray(at, at + payloadLength) : undefined;
  }
  const smallest = Math.floor(((usable - 12) * 32) / 255) - 23;
  const fitting = smallest + ((payloadLength - smallest) % (usable - 4));
  const local = fitting <= largest ? fitting : smallest;
  if (at + local + 4 > usable || payloadLength > pages.count * pages.pageSize) return undefined;
  const parts = [bytes.subarray(at, at + local)];
  let missing = payloadLength - local;
  let next = bytes.readUInt32BE(at + local);
  const chain: number[] = [];
  while (missing > 0) {
    const page = next === 0 || reached.has(next) || chain.length > pages.count ? undefined : pages.read(next);
    if (!page) return undefined;
    chain.push(next);
    const length = Math.min(missing, usable - 4);
    parts.push(page.subarray(4, 4 + length));
    missing -= length;
    next = page.readUInt32BE(0);
  }
  for (const page of chain) reached.add(page);
  return next === 0 ? Buffer.concat(parts) : undefined;
}
