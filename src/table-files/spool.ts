import {
  closeSync,
  mkdtempSync,
  openSync,
  rmSync,
  unlinkSync,
  write as writeFile,
  read as readFile,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MemoryBytes, PIECE, type TableBytes } from '../tables/engine';

const write = promisify(writeFile);
const read = promisify(readFile);

/** Bytes up to this size stay in memory. */
const IN_MEMORY = 16 * 1024 * 1024;

/** Closes files whose table is gone. */
const forgotten = new FinalizationRegistry((descriptor: number) => closeSync(descriptor));

/** Takes bytes in pieces: in memory, and in a temporary file once there are many. */
export class Spool {
  private pieces: Uint8Array[] = [];
  private file: number | undefined;
  private size = 0;

  async append(piece: Uint8Array): Promise<void> {
    if (this.file === undefined && this.size + piece.length > IN_MEMORY) await this.toFile();
    if (this.file === undefined) this.pieces.push(piece);
    else await writeAt(this.file, piece, this.size);
    this.size += piece.length;
  }

  /** Nothing can be appended any more. */
  done(): TableBytes {
    if (this.file !== undefined) return new FileBytes(this.file, this.size);
    return new MemoryBytes(this.pieces.length === 1 ? this.pieces[0]! : Buffer.concat(this.pieces));
  }

  /** Gives up the file, after an error. */
  drop(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
    this.pieces = [];
  }

  private async toFile(): Promise<void> {
    this.file = openNameless();
    await writeAt(this.file, Buffer.concat(this.pieces), 0);
    this.pieces = [];
  }
}

/** A file without a name takes no room once it is closed, whatever ends the process. */
function openNameless(): number {
  const folder = mkdtempSync(join(tmpdir(), 'selvage-table-'));
  const name = join(folder, 'table.parquet');
  const file = openSync(name, 'wx+', 0o600);
  try {
    unlinkSync(name);
    rmSync(folder, { recursive: true });
  } catch {
    // Windows removes no open file.
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  }
  return file;
}

async function writeAt(file: number, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await write(file, bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** Bytes of an open file. */
class FileBytes implements TableBytes {
  constructor(
    private readonly file: number,
    readonly size: number,
  ) {
    forgotten.register(this, file);
  }

  async slice(start: number, end: number): Promise<ArrayBuffer> {
    const bytes = new Uint8Array(Math.max(0, Math.min(end, this.size) - start));
    for (let done = 0; done < bytes.length;) {
      const { bytesRead } = await read(this.file, bytes, done, bytes.length - done, start + done);
      if (bytesRead === 0) throw new Error('The temporary file of a table has become shorter.');
      done += bytesRead;
    }
    return bytes.buffer;
  }

  async *stream(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < this.size; at += PIECE) yield new Uint8Array(await this.slice(at, at + PIECE));
  }
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<TableBytes> {
  const spool = new Spool();
  try {
    for await (const piece of stream) await spool.append(piece);
  } catch (error) {
    spool.drop();
    throw error;
  }
  return spool.done();
}
