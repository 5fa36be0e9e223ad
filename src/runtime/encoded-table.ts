import { defaultSha256, isObject, type Sha256 } from '../values';
import { STORED_TABLE } from '../values/stored-table';
import { SelvageError } from '../errors';
import { digestedManifest, hasAllBlocks, hashOfManifest } from '../tables/manifest-parts';
import { isManifest, manifestText } from '../tables/stored-manifest';
import { tablesIn, type Table } from '../tables/table';
import type { TableManifest } from '../tables/manifest';
import { checkFields } from '../tables/types';
import type { KnotContext } from '../authoring/knot-context';

/**
 * A table as its manifest, with the digests of the host. The table has been read.
 *
 * @param mayBeLost whether the data store need not have the rows, as the manifest is only compared. Default: false
 */
export function encodeTable(
  table: Table,
  digest: Sha256,
  mayBeLost = false,
): { kind: 'table'; hash: string; text: string } {
  const { hash, manifest, isStored } = table[STORED_TABLE];
  if (!isStored && !mayBeLost) {
    throw new SelvageError(
      'NotEncodable',
      `The table ${hash} cannot be encoded: its rows are only in this process. Return it from the body of a knot, or give it as a parameter of a run.`,
      { details: { path: 'it', reason: 'Instance' } },
    );
  }
  if (manifest === undefined) {
    throw new SelvageError(
      'TableNotRead',
      `The table ${hash} cannot be kept before it has been read. Call \`await table.load()\` first.`,
      { details: { hash } },
    );
  }
  const digested = digestedManifest(manifest as unknown as TableManifest, digest);
  return {
    kind: 'table',
    hash: hashOfManifest(digested, digest),
    text: manifestText(digested, defaultSha256),
  };
}

/** Lets the tables in inputs be read by the body that gets them. */
export async function openTables(inputs: unknown, { open }: Pick<KnotContext, 'open'>): Promise<void> {
  for (const table of tablesIn(inputs)) {
    table.openBy(open);
    await table.load();
  }
}

/**
 * Checks what a body elsewhere says of the tables in its result.
 *
 * @throws SelvageError `NotDecodable` for a manifest that is none; `UnsupportedTable` for a column of no known type
 */
export function checkTables(result: unknown): void {
  for (const table of tablesIn(result)) {
    const { hash, manifest } = table[STORED_TABLE];
    if (manifest === undefined) continue;
    if (isObject(manifest) && isManifest(manifest) && hasAllBlocks(manifest)) checkFields(table.fields());
    else
      throw new SelvageError(
        'NotDecodable',
        `The manifest of the table ${hash} in the result is incomplete: correct the body host. It needs blob, size, rows, columns, and the digests of all blocks of each column.`,
        { details: { hash } },
      );
  }
}

/** Lets the tables in inputs carry their bytes, for a body that cannot ask the worker for them. */
export async function attachTables(inputs: unknown): Promise<void> {
  for (const table of tablesIn(inputs)) await table.attach();
}

/** Keeps the tables in a body's result in the data store. */
export async function storeTables(result: unknown, { store }: Pick<KnotContext, 'store'>): Promise<void> {
  for (const table of tablesIn(result)) await table.store(store);
}
