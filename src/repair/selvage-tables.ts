import { createHash } from 'node:crypto';
import { bytesOfBlob, type SqliteBlob, type SqliteDatabaseLike } from '../adapters/shared/sqlite';

/** A record whose value is not in the data store of the same file. */
export interface MissingValue {
  readonly run: string;
  readonly knot: string;
  readonly hash: string;
}

const VALUES_AT_ONCE = 50;

/** Whether a database is one of Selvage's, and has all tables that these functions need. */
export function hasSelvageTables(database: SqliteDatabaseLike): boolean {
  const [row] = database
    .prepare(
      `select count(*) as found from sqlite_schema where name in
       ('selvage_runs', 'selvage_run_tags', 'selvage_lineage', 'selvage_lineage_index', 'selvage_lineage_indexed',
        'selvage_values', 'selvage_value_chunks', 'selvage_leases', 'selvage_turns')`,
    )
    .all() as [{ found: number }];
  return row.found === 9;
}

/**
 * What only says where records are is made anew from them, and leases are nobody's while nobody uses the file: there is nothing in these to be
 * kept or lost.
 */
export const PASSING_TABLES: ReadonlySet<string> = new Set([
  'selvage_lineage_index',
  'selvage_lineage_indexed',
  'selvage_leases',
  'selvage_turns',
]);

/** The hashes of the values whose bytes are not what the hash says. */
export function damagedValues(database: SqliteDatabaseLike): string[] {
  const damaged: string[] = [];
  const page = database.prepare(
    `select hash, size, upload, bytes from selvage_values where hash > ? order by hash limit ${VALUES_AT_ONCE}`,
  );
  for (let last = ''; ;) {
    const rows = page.all([last]) as {
      hash: string;
      size: number;
      upload: string | null;
      bytes: SqliteBlob | null;
    }[];
    for (const { hash, size, upload, bytes } of rows) {
      const digest = createHash('sha256');
      let length = 0;
      for (const part of upload === null ? [bytes ?? new Uint8Array()] : chunks(database, upload)) {
        digest.update(bytesOfBlob(part));
        length += part.byteLength;
      }
      if (length !== size || digest.digest('hex') !== hash.slice(hash.indexOf(':') + 1)) damaged.push(hash);
    }
    if (rows.length < VALUES_AT_ONCE) return damaged;
    last = rows.at(-1)!.hash;
  }
}

function* chunks(database: SqliteDatabaseLike, upload: string): Generator<SqliteBlob> {
  const chunk = database.prepare('select bytes from selvage_value_chunks where upload = ? and sequence = ?');
  for (let sequence = 0; ; sequence += 1) {
    const [row] = chunk.all([upload, sequence]) as { bytes: SqliteBlob }[];
    if (!row) return;
    yield row.bytes;
  }
}

export function dropValues(database: SqliteDatabaseLike, hashes: readonly string[]): void {
  const chunksOf = database.prepare(
    'delete from selvage_value_chunks where upload = (select upload from selvage_values where hash = ?)',
  );
  const value = database.prepare('delete from selvage_values where hash = ?');
  for (const hash of hashes) {
    chunksOf.run([hash]);
    value.run([hash]);
  }
}

/** Makes anew what runs and lineage records say already, by other keys. So nothing in these tables can be lost for good. */
export function deriveTables(database: SqliteDatabaseLike): void {
  database.exec(`
    delete from selvage_run_tags where run not in (select id from selvage_runs);
    insert or ignore into selvage_run_tags (tag, started_at, run)
      select part.value, started_at, selvage_runs.id from selvage_runs,
        json_each(case when json_valid(tags) then tags else '[]' end) as part;
    delete from selvage_leases;
    delete from selvage_turns;
    -- The next listing fills it.
    delete from selvage_lineage_index;
    delete from selvage_lineage_indexed;
    insert into selvage_lineage_indexed (through) values (0);
  `);
}

export function missingValues(database: SqliteDatabaseLike): MissingValue[] {
  return database
    .prepare(
      `select run_id as run, knot_id as knot, output_hash as hash from selvage_lineage
       where outcome = 'ok' and output_hash is not null and output_hash not in (select hash from selvage_values)
       order by finished_at desc, id desc`,
    )
    .all() as MissingValue[];
}
