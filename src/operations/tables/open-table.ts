import '../../table-files/late';
import { nodeSha256 } from '../../node/node-sha256';
import type { Backends, DataStore } from '../../ports';
import { SelvageError } from '../../errors';
import { tableEngine, type TableBytes } from '../../tables/engine';
import { selectedManifest } from '../../tables/manifest-parts';
import type { TableManifest } from '../../tables/manifest';
import { readManifest } from '../../tables/stored-manifest';
import { Table } from '../../tables';
import { missingValue } from '../values/open-value';

/** A larger file is read in parts, if only parts are wanted. */
const WHOLE_BYTES = 16 * 1024 * 1024;
/** The end of a file, which has the footer of all but the widest tables. */
const TAIL_BYTES = 512 * 1024;

export interface OpenedTable {
  readonly manifest: TableManifest;
  readonly bytes: TableBytes;
  /** Whether the bytes were read whole, and so checked against their hash. */
  readonly isChecked: boolean;
}

/**
 * A table of the data store.
 *
 * @param isPreview whether only few rows are wanted: then a large file is read in parts, which no hash can check
 * @throws SelvageError `ValueMissing`, `UnknownValue`, `ValueDamaged`, `BackendUnavailable`
 */
export async function openTable(
  backends: Pick<Backends, 'dataStore' | 'runHistory'>,
  hash: string,
  isPreview: boolean,
): Promise<OpenedTable> {
  const { dataStore } = backends;
  const text = await dataStore.get(hash);
  if (!text) throw await missingValue(backends, hash);
  const manifest = readManifest(Buffer.from(text).toString(), nodeSha256);
  if (!manifest) throw damaged(hash, 'it is no manifest of a table');
  const parts =
    isPreview && manifest.size > WHOLE_BYTES ? await PartsOfFile.open(dataStore, manifest) : undefined;
  if (parts) return { manifest, bytes: parts, isChecked: false };
  const stream = await dataStore.getStream(manifest.blob);
  if (!stream) throw await missingValue(backends, hash);
  return { manifest, bytes: await (await tableEngine()).collect(stream, manifest.size), isChecked: true };
}

/** The table of some columns of an opened one. @throws SelvageError `UnsupportedTable` */
export function tableOf({ manifest, bytes }: OpenedTable, names?: readonly string[]): Table {
  return new Table({ hash: '', manifest: names ? selectedManifest(manifest, names) : manifest, bytes });
}

export function damaged(hash: string, why: string): SelvageError {
  return new SelvageError(
    'ValueDamaged',
    `The table ${hash} is damaged: ${why}. Restore it from a backup, or delete it and run again the knot that made it.`,
    { details: { hash } },
  );
}

/** The bytes of a value, read in parts when they are needed. */
class PartsOfFile implements TableBytes {
  private constructor(
    private readonly store: DataStore,
    private readonly hash: string,
    readonly size: number,
    private readonly tail: Uint8Array,
  ) {}

  /** Undefined if the data store reads no parts. */
  static async open(store: DataStore, { blob, size }: TableManifest): Promise<PartsOfFile | undefined> {
    const tail = await store.getRange?.(blob, Math.max(0, size - TAIL_BYTES), size);
    return tail && new PartsOfFile(store, blob, size, tail);
  }

  async slice(start: number, end: number): Promise<ArrayBuffer> {
    const inTail = start - (this.size - this.tail.length);
    const part =
      inTail >= 0
        ? this.tail.subarray(inTail, end - this.size + this.tail.length)
        : await this.store.getRange!(this.hash, start, end);
    if (part?.length === end - start) return new Uint8Array(part).buffer;
    throw damaged(this.hash, `it ends before byte ${end}`);
  }

  async *stream(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(await this.slice(0, this.size));
  }
}
