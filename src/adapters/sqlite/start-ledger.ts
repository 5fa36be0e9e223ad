import { LEDGER_ENTRY, type ClaimResult, type LedgerEntry, type StartClaim } from '../../ports';
import { nameOf, requireStorableKeys, resultsOf, SqlStartLedger, type StartRow } from '../sql/start-ledger';
import { openSqliteDatabase, type SqliteOptions } from './open';
import type { SqliteDatabase } from './database';
import type { SqliteConnection } from './connection';

/** A start ledger in an SQLite database. */
export class SqliteStartLedger extends SqlStartLedger<SqliteDatabase> {
  readonly technology = 'sqlite';

  async claim(claims: readonly StartClaim[]): Promise<ClaimResult[]> {
    if (claims.length === 0) return [];
    requireStorableKeys(claims, 'SQLite');
    const rows = JSON.stringify(
      claims.map(({ trigger, key, runId, requestHash, event }) => [
        trigger,
        key,
        runId,
        requestHash,
        JSON.stringify(event),
      ]),
    );
    // Existing keys are found without the write lock, so that a flood of duplicates does not hold up writers.
    const known = await this.database.readAtOnce((connection) => entriesOf(connection, rows));
    if (claims.every((claim) => known.has(nameOf(claim)))) return resultsOf(claims, new Set(), known);
    return await this.database.writeAtOnce((connection) => {
      const inserted = connection.all<Pick<StartRow, 'trigger' | 'key'>>(INSERT, [Date.now(), rows]);
      return resultsOf(claims, new Set(inserted.map(nameOf)), entriesOf(connection, rows));
    });
  }

  async markStarted(keys: readonly Pick<StartClaim, 'trigger' | 'key'>[]): Promise<void> {
    if (keys.length === 0) return;
    requireStorableKeys(keys, 'SQLite');
    const rows = JSON.stringify(keys.map(({ trigger, key }) => [trigger, key]));
    await this.database.writeAtOnce((connection) => connection.run(MARK, [Date.now(), rows]));
  }
}

/** All claims are one JSON parameter: passing values one by one takes longer than parsing them in SQL. */
const INSERT = `
  insert into selvage_starts (trigger, "key", run_id, request_hash, event, claimed_at)
  select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, ? from json_each(?) where true
  on conflict do nothing
  returning trigger, "key"`;

/** "cross" keeps SQLite from reordering the join. */
const JOINED = `json_each(?) as wanted cross join selvage_starts as s
  on s.trigger = wanted.value ->> 0 and s."key" = wanted.value ->> 1`;

const ENTRIES = `select s.* from ${JOINED}`;

const MARK = `
  update selvage_starts set started_at = ?
  where started_at is null and id in (select s.id from ${JOINED})`;

function entriesOf(connection: SqliteConnection, rows: string): Map<string, LedgerEntry> {
  const stand = connection.all<StartRow>(ENTRIES, [rows]);
  return new Map(stand.map((row) => [nameOf(row), LEDGER_ENTRY.fromRow(row)]));
}

/** Throws the errors of {@link openSqliteDatabase}. */
export async function createSqliteStartLedger(options: SqliteOptions): Promise<SqliteStartLedger> {
  return new SqliteStartLedger(await openSqliteDatabase(options));
}
