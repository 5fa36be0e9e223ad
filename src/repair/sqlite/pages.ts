import { openBytes, type BytesAt } from './bytes-at';
import { readWal, type WalContent } from './wal';

const HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';
/** What SQLite itself, Temporal and Selvage make. */
const USUAL_PAGE_SIZE = 4_096;

/** The pages of a database file, each as of the last commit: from the write-ahead log where that has it. Read only. */
export class Pages {
  readonly pageSize: number;
  /** Bytes of a page that hold content. */
  readonly usable: number;
  /** Pages are numbered from 1. */
  readonly count: number;
  /** False where the first page, which describes all others, is not that of a database. */
  readonly hasHeader: boolean;
  readonly lostFrames: number;
  /** A number that the file's owner keeps in its header. */
  readonly userVersion: number;
  private readonly main: BytesAt;
  private readonly log: BytesAt;
  private readonly wal: WalContent | undefined;

  constructor(file: string) {
    this.main = openBytes(file);
    this.log = openBytes(`${file}-wal`);
    this.wal = readWal(this.log);
    this.lostFrames = this.wal?.lostFrames ?? 0;
    const header = this.firstBytes();
    const said = header.length === HEADER_BYTES ? header.readUInt16BE(16) : 0;
    const pageSize = said === 1 ? 65_536 : said;
    this.hasHeader =
      header.toString('latin1', 0, MAGIC.length) === MAGIC &&
      pageSize >= 512 &&
      (pageSize & (pageSize - 1)) === 0;
    this.pageSize = this.hasHeader ? pageSize : (this.wal?.pageSize ?? USUAL_PAGE_SIZE);
    this.userVersion = this.hasHeader ? header.readInt32BE(60) : 0;
    this.usable = this.pageSize - (this.hasHeader ? header.readUInt8(20) : 0);
    this.count = this.wal?.pageCount ?? Math.ceil(this.main.size / this.pageSize);
  }

  /** The content of a page; undefined where the files end before it. */
  read(page: number): Buffer | undefined {
    if (page < 1 || page > this.count) return undefined;
    const offset = this.wal?.pages.get(page);
    if (offset !== undefined) return this.log.read(offset, this.pageSize);
    const position = (page - 1) * this.pageSize;
    if (position + this.pageSize > this.main.size) return undefined;
    return this.main.read(position, this.pageSize);
  }

  /** Page numbers of the freelist; undefined where it cannot be followed to its end. */
  free(): Set<number> | undefined {
    const first = this.hasHeader ? this.read(1) : undefined;
    if (!first) return undefined;
    const free = new Set<number>();
    const expected = first.readUInt32BE(36);
    for (let trunk = first.readUInt32BE(32); trunk !== 0;) {
      const page = this.read(trunk);
      if (!page || free.has(trunk)) return undefined;
      free.add(trunk);
      const leaves = page.readUInt32BE(4);
      if (8 + leaves * 4 > this.usable) return undefined;
      for (let leaf = 0; leaf < leaves; leaf += 1) {
        const number = page.readUInt32BE(8 + leaf * 4);
        if (number < 1 || number > this.count || free.has(number)) return undefined;
        free.add(number);
      }
      trunk = page.readUInt32BE(0);
    }
    return free.size === expected ? free : undefined;
  }

  close(): void {
    this.main.close();
    this.log.close();
  }

  private firstBytes(): Buffer {
    const offset = this.wal?.pages.get(1);
    if (offset !== undefined) return this.log.read(offset, HEADER_BYTES);
    return this.main.size < HEADER_BYTES ? Buffer.alloc(0) : this.main.read(0, HEADER_BYTES);
  }
}
