import { createHash } from 'node:crypto';
import { fromBase64 } from '../values/base64';
import { PIECE, type NewTable, type TableBytes, type WrittenTable } from '../tables/engine';
import { inKeyOrder } from '../tables/key-order';
import { valuesOf } from '../tables/to-values';
import type { ColumnType, Field } from '../tables/types';
import { BLOCK_ROWS, blocksOf, type Batch, type BatchRange } from '../tables/vector';
import { DIGEST_BYTES, hasAllBlocks } from '../tables/manifest-parts';
import { ByteWriter, ParquetWriter } from './parquet-library';
import { parquetSchema } from './parquet-schema';
import { toParquet } from './parquet-values';
import { readTable, readWholeBlocks, type WholeBlocks } from './read-parquet';
import { Spool } from './spool';
import { TableHasher } from './table-hasher';

/** Bytes of rows out of order that are sorted in memory: about a fifth of what sorting takes in all. */
const SORTED_IN_MEMORY = 256 * 1024 * 1024;

/** Hashes batches and writes them, a row group for each block. */
export async function writeTable(
  batches: AsyncIterable<Batch> | Iterable<Batch>,
  { fields, key }: NewTable,
  kept?: WholeBlocks & WrittenTable,
): Promise<WrittenTable> {
  const file = new ParquetFileWriter(fields);
  const digests = kept?.manifest.blocks!.map((text) =>
    fromBase64(text)!.subarray(0, (kept.rows / BLOCK_ROWS) * DIGEST_BYTES),
  );
  const hasher = new TableHasher(fields, kept?.rows, digests);
  try {
    if (kept) await file.begin(kept);
    const ordered = key ? inKeyOrder(batches, fields, key, SORTED_IN_MEMORY) : batches;
    for await (const block of blocksOf(ordered)) {
      hasher.add(block);
      await file.add(block);
    }
    const { bytes, blob } = await file.end();
    const manifest = { blob, size: bytes.size, ...hasher.end(), ...(key && { key }) };
    return { manifest, bytes };
  } catch (error) {
    file.drop();
    throw error;
  }
}

/** Writes the rows of a table, and those of batches after them. Whole blocks are neither hashed nor encoded again. */
export async function appendTable(
  table: WrittenTable,
  batches: AsyncIterable<Batch>,
  made: NewTable,
): Promise<WrittenTable> {
  const { manifest, bytes } = table;
  const isKept = !made.key && hasAllBlocks(manifest);
  const blocks = isKept ? await readWholeBlocks(bytes, manifest) : undefined;
  const kept = blocks && blocks.rows > 0 ? { ...blocks, ...table } : undefined;
  const part = { columns: made.fields.map(({ name }) => name), from: kept?.rows ?? 0, to: manifest.rows };
  async function* all(): AsyncGenerator<Batch> {
    yield* readTable(bytes, manifest, part);
    yield* batches;
  }
  return await writeTable(all(), made, kept);
}

class ParquetFileWriter {
  private readonly spool = new Spool();
  private readonly digest = createHash('sha256');
  private readonly output = new ByteWriter() as ByteWriter & { flush?(): Promise<void>; index: number };
  private readonly writer: ParquetWriter;

  constructor(private readonly fields: readonly Field[]) {
    this.writer = new ParquetWriter({
      writer: this.output,
      schema: parquetSchema(fields),
      createdBy: 'selvage',
    });
    this.output.flush = () => this.flush();
  }

  /** Copies the whole blocks of another file, before anything else is written. */
  async begin({ bytes, size, rows, rowGroups }: WholeBlocks & WrittenTable): Promise<void> {
    for (let at = 0; at < size; at += PIECE)
      await this.append(new Uint8Array(await bytes.slice(at, Math.min(at + PIECE, size))));
    // The first bytes of a file are among those that were copied.
    this.output.index = 0;
    this.output.offset = size;
    this.writer.row_groups.push(...rowGroups);
    this.writer.num_rows = BigInt(rows);
  }

  /** Writes a row group. */
  async add(block: readonly BatchRange[]): Promise<void> {
    const columnData = this.fields.map(({ name, type }, column) => ({
      name,
      // A dictionary would make 0.0 and -0.0 one value.
      ...(hasFloats(type) && { encoding: 'PLAIN' as const }),
      data: block.flatMap(({ batch, from, to }) => valuesOf(batch.columns[column]!, from, to, toParquet)),
    }));
    await this.writer.write({ columnData, rowGroupSize: BLOCK_ROWS });
  }

  async end(): Promise<{ bytes: TableBytes; blob: string }> {
    await this.writer.finish();
    await this.flush();
    return { bytes: this.spool.done(), blob: `bytes-sha256:${this.digest.digest('hex')}` };
  }

  drop(): void {
    this.spool.drop();
  }

  private async flush(): Promise<void> {
    const piece = this.output.getBytes().slice();
    this.output.index = 0;
    await this.append(piece);
  }

  private async append(piece: Uint8Array): Promise<void> {
    this.digest.update(piece);
    await this.spool.append(piece);
  }
}

function hasFloats(type: ColumnType): boolean {
  if (type.kind === 'list') return hasFloats(type.item);
  if (type.kind === 'struct') return type.fields.some((field) => hasFloats(field.type));
  return type.kind === 'float32' || type.kind === 'float64';
}
