import { canonicalJson, defined, isBytesHash, isHash, isObject, type Json, type Sha256 } from '../values';
import { tableHash, type ManifestColumn, type TableManifest } from './manifest';

/**
 * The text of a manifest in the data store: canonical JSON of its fields, and of `check`, the plain SHA-256 of the
 * canonical JSON of the other fields. The table's hash covers only columns and rows, and may take a digest key; the
 * check also tells of a changed blob, and takes none.
 *
 * @param sha256 without a key, whatever the table's hash was made with
 */
export function manifestText(manifest: TableManifest, sha256: Sha256): string {
  const fields = defined(manifest);
  return canonicalJson({ ...fields, check: checkOf(fields, sha256) } as unknown as Json);
}

/**
 * The manifest with this {@link manifestText}; undefined for a damaged text.
 *
 * @param sha256 without a key
 */
export function readManifest(text: string, sha256: Sha256): TableManifest | undefined {
  try {
    const stored: unknown = JSON.parse(text);
    if (!isObject(stored)) return undefined;
    const { check, ...fields } = stored;
    return isManifest(fields) && check === checkOf(fields, sha256) ? fields : undefined;
  } catch {
    // The text is no JSON, or has a lone surrogate.
    return undefined;
  }
}

/**
 * Whether a text is an intact manifest of the table with this hash.
 *
 * @param digest the one that made the hash, which has a key for runs with a digest key. Default: `sha256`
 */
export function isManifestOf(hash: string, text: string, sha256: Sha256, digest = sha256): boolean {
  const manifest = readManifest(text, sha256);
  return manifest !== undefined && tableHash(manifest, digest) === hash;
}

function checkOf(fields: object, sha256: Sha256): string {
  return sha256(canonicalJson(fields as Json));
}

/** Whether an object has the fields of a manifest. */
export function isManifest(
  fields: Readonly<Record<string, unknown>>,
): fields is typeof fields & TableManifest {
  const { blob, size, rows, columns, key, blocks } = fields;
  return (
    typeof blob === 'string' &&
    isHash(blob) &&
    isBytesHash(blob) &&
    isCount(size) &&
    isCount(rows) &&
    Array.isArray(columns) &&
    columns.every(isColumn) &&
    (key === undefined || areTexts(key)) &&
    (blocks === undefined || areTexts(blocks))
  );
}

function isColumn(column: unknown): column is ManifestColumn {
  return isObject(column) && areTexts([column['hash'], column['name'], column['type']]);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
