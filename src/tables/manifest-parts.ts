import { defaultSha256, type Sha256 } from '../values';
import { fromBase64 } from '../values/base64';
import { tableHash, type TableManifest } from './manifest';
import { unsupported } from './types';
import { BLOCK_ROWS } from './vector';

export const DIGEST_BYTES = 32;

/** Manifests are small: the hash of one needs no fast digest. */
export function hashOfManifest(manifest: TableManifest, sha256: Sha256 = defaultSha256): string {
  return tableHash(manifest, sha256);
}

/** The manifest of some columns over the same bytes. @throws SelvageError `UnsupportedTable` */
export function selectedManifest(manifest: TableManifest, names: readonly string[]): TableManifest {
  const places = names.map((name) => {
    const place = manifest.columns.findIndex((column) => column.name === name);
    if (place >= 0) return place;
    const others = manifest.columns.map((column) => JSON.stringify(column.name)).join(', ');
    return unsupported(name, undefined, `the table has no such column. Its columns are ${others}`);
  });
  if (names.length === 0) unsupported(undefined, undefined, 'a table needs a column. Select at least one');
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) unsupported(twice, undefined, 'it is selected twice. Select it once');
  const { blocks, key, ...rest } = manifest;
  return {
    ...rest,
    columns: places.map((place) => manifest.columns[place]!),
    // Without a column of the key, the rows are still in its order, and no longer unique.
    ...(key?.every((name) => names.includes(name)) && { key }),
    ...(blocks && { blocks: places.map((place) => blocks[place]!) }),
  };
}

/** Whether a manifest has a digest for each block of 65,536 rows of each column. */
export function hasAllBlocks({ blocks, columns, rows }: TableManifest): boolean {
  const size = Math.ceil(rows / BLOCK_ROWS) * DIGEST_BYTES;
  return blocks?.length === columns.length && blocks.every((text) => fromBase64(text)?.length === size);
}

/** The manifest with the digests of a host, which may have a key. Without digests of blocks it stays as it is. */
export function digestedManifest(manifest: TableManifest, digest: Sha256): TableManifest {
  const { blocks, columns } = manifest;
  if (!blocks) return manifest;
  const digested = columns.map((column, index) => ({ ...column, hash: digest(fromBase64(blocks[index]!)!) }));
  return { ...manifest, columns: digested };
}
