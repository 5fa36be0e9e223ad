import type { CommitResult, LeaseTable, LineageRecord, StoredValue } from '../../../protocols';
import { PostgresLeaseTable } from '../../lease-tables/postgres';
import { openPostgresDatabase, type PostgresDatabase, type PostgresOptions } from '../../shared/postgres';
import { SqlRunHistory } from '../../shared/sql/run-history';
import { cachedRecords, commitRecords, deleteRecords, referredValues } from './lineage-rows';

/** Runs and lineage in a Postgres database. */
export class PostgresRunHistory extends SqlRunHistory<PostgresDatabase> {
  readonly technology = 'postgres';

  async commitWith(
    records: readonly LineageRecord[],
    values: readonly StoredValue[],
  ): Promise<CommitResult[]> {
    if (records.length === 0 && values.length === 0) return [];
    return commitRecords(this.database, records, values);
  }

  leasesBeside(): LeaseTable {
    return new PostgresLeaseTable(this.database);
  }

  referredTo(hashes: readonly string[]): Promise<Set<string>> {
    return referredValues(this.database, hashes);
  }

  protected deleteRecords(temporalRunId: string, limit: number): Promise<number> {
    return deleteRecords(this.database, temporalRunId, limit);
  }

  findCached(keys: readonly string[]): Promise<Map<string, LineageRecord>> {
    return cachedRecords(this.database, keys);
  }
}

/** Errors as of {@link openPostgresDatabase}. */
export async function createPostgresRunHistory(options: PostgresOptions): Promise<PostgresRunHistory> {
  return new PostgresRunHistory(await openPostgresDatabase(options));
}
