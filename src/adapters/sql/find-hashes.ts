import { sql } from 'kysely';
import type { SqlDialect, SqlExecutor } from './database';
import { INPUT, OUTPUT } from './schema';

/** Sorts after every character of a hash. */
const END = '~';

/**
 * The first hashes with a prefix. Each is looked up individually, as the next after the last: a value that a million records name costs no
 * more than any other.
 */
export async function findHashes(
  db: SqlExecutor,
  dialect: SqlDialect,
  prefix: string,
  limit: number,
): Promise<string[]> {
  const hashes: string[] = [];
  let hash = await firstBetween(db, dialect, prefix, `${prefix}${END}`);
  while (hash !== undefined && hashes.push(hash) < limit)
    hash = await firstBetween(db, dialect, `${hash}${END}`, `${prefix}${END}`);
  return hashes;
}

async function firstBetween(
  db: SqlExecutor,
  { indexedRoles }: SqlDialect,
  from: string,
  to: string,
): Promise<string | undefined> {
  const { rows } = await sql<{ hash: string }>`
    select key as hash from selvage_lineage_index
    where key >= ${from} and key < ${to} and role in (${OUTPUT}, ${INPUT}) order by key limit 1`.execute(db);
  if (!indexedRoles.has(OUTPUT)) {
    const outputs = await sql<{ hash: string }>`
      select output_hash as hash from selvage_lineage
      where output_hash >= ${from} and output_hash < ${to} order by output_hash limit 1`.execute(db);
    rows.push(...outputs.rows);
  }
  return rows.map(({ hash }) => hash).sort()[0];
}
