/** SQLite's write-ahead log, as far as reading goes: https://www.sqlite.org/fileformat2.html#the_write_ahead_log */
import type { BytesAt } from './bytes-at';

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const BIG_ENDIAN_MAGIC = 0x377f0683;
const LITTLE_ENDIAN_MAGIC = 0x377f0682;

export interface WalContent {
  readonly pageSize: number;
  /** Where in the log the newest committed version of a page begins, by page number. */
  readonly pages: ReadonlyMap<number, number>;
  /** The length of the database in pages after the last commit; undefined where the log has none. */
  readonly pageCount: number | undefined;
  /** Frames after the first broken one that belong to the same log: what SQLite, too, cannot read. */
  readonly lostFrames: number;
}

/** What a log holds; undefined where there is none, or where its header says nothing. */
export function readWal(wal: BytesAt): WalContent | undefined {
  if (wal.size < HEADER_BYTES) return undefined;
  const header = wal.read(0, HEADER_BYTES);
  const magic = header.readUInt32BE(0);
  if (magic !== BIG_ENDIAN_MAGIC && magic !== LITTLE_ENDIAN_MAGIC) return undefined;
  const bigEndian = magic === BIG_ENDIAN_MAGIC;
  const pageSize = header.readUInt32BE(8);
  let sum: Checksum = checksum([0, 0], header.subarray(0, 24), bigEndian);
  if (sum[0] !== header.readUInt32BE(24) || sum[1] !== header.readUInt32BE(28)) return undefined;

  const pages = new Map<number, number>();
  const pending = new Map<number, number>();
  let pageCount: number | undefined;
  let lostFrames = 0;
  let intact = true;
  const frameBytes = FRAME_HEADER_BYTES + pageSize;
  for (let at = HEADER_BYTES; at + frameBytes <= wal.size; at += frameBytes) {
    const frame = wal.read(at, frameBytes);
    // Frames of an earlier round have other salts: the log ends before them.
    if (frame.compare(header, 16, 24, 8, 16) !== 0) {
      if (intact) break;
      continue;
    }
    if (intact) {
      sum = checksum(
        checksum(sum, frame.subarray(0, 8), bigEndian),
        frame.subarray(FRAME_HEADER_BYTES),
        bigEndian,
      );
      intact = sum[0] === frame.readUInt32BE(16) && sum[1] === frame.readUInt32BE(20);
    }
    if (!intact) {
      lostFrames += 1;
      continue;
    }
    pending.set(frame.readUInt32BE(0), at + FRAME_HEADER_BYTES);
    const committed = frame.readUInt32BE(4);
    if (committed === 0) continue;
    pageCount = committed;
    for (const [page, offset] of pending) pages.set(page, offset);
    pending.clear();
  }
  return { pageSize, pages, pageCount, lostFrames };
}

type Checksum = readonly [number, number];

function checksum([first, second]: Checksum, bytes: Buffer, bigEndian: boolean): Checksum {
  let a = first;
  let b = second;
  for (let at = 0; at < bytes.length; at += 8) {
    a = (a + (bigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)) + b) >>> 0;
    b = (b + (bigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4)) + a) >>> 0;
  }
  return [a, b];
}
