import { createHash } from 'node:crypto';
import type { DataStore, StoredValue } from '../ports';
import { nodeSha256 } from '../node/node-sha256';
import { tableHash } from '../tables/manifest';
import { manifestText } from '../tables/stored-manifest';
import { gathered } from '../ports/parts/pieces';

export const MEBIBYTE = 1024 * 1024;

export function patterned(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index += 1) bytes[index] = (index * 31 + (index >> 8)) & 0xff;
  return bytes;
}

export function rawValue(bytes: Uint8Array): StoredValue {
  return { hash: `bytes-sha256:${sha256(bytes)}`, bytes };
}

/** Tables of one hash, whose manifests differ by `blocks`. */
export function sampleTable(blocks: string, rows = 0): StoredValue {
  const columns = [{ hash: sha256(new Uint8Array()), name: 'id', type: 'int64' }];
  const manifest = { blob: `bytes-sha256:${sha256(Buffer.from(blocks))}`, size: 1, rows, columns };
  const text = manifestText({ ...manifest, blocks: [blocks] }, nodeSha256);
  return { hash: tableHash(manifest, nodeSha256), bytes: Buffer.from(text) };
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += size) yield bytes.subarray(start, start + size);
}

export async function streamed(store: DataStore, hash: string): Promise<Uint8Array> {
  return await gathered((await store.getStream(hash))!);
}
