import type {
  Lease,
  LeaseAnswer,
  LeaseHolder,
  LeaseRequest,
  LeaseTable,
  TurnAnswer,
  TurnRequest,
} from '../../ports';
import { SqlAdapter } from '../sql/adapter';
import { openSqliteDatabase, type SqliteOptions } from './open';
import type { SqliteDatabase } from './database';
import type { SqliteConnection } from './connection';
import type { LeasesTable } from '../sql/schema';

type Row = Pick<LeasesTable, 'owner' | 'holder' | 'since' | 'expires_at'>;

/** Leases in an SQLite database, by the machine's clock, which all processes with the file share. */
export class SqliteLeaseTable extends SqlAdapter<SqliteDatabase> implements LeaseTable {
  readonly technology = 'sqlite';

  /** @param now the clock, which tests set */
  constructor(
    database: SqliteDatabase,
    private readonly now: () => number = Date.now,
  ) {
    super(database);
  }

  acquire({ key, owner, token, holder, limit, ttl }: LeaseRequest): Promise<LeaseAnswer> {
    return this.database.writeAtOnce((connection) => {
      const now = this.now();
      connection.run('delete from selvage_leases where "key" = ? and expires_at <= ?', [key, now]);
      // The machine's clock may have been set back.
      connection.run(
        'update selvage_leases set expires_at = ? + ttl where "key" = ? and expires_at > ? + ttl',
        [now, key, now],
      );
      const { changes } = connection.run(
        'update selvage_leases set token = ?, holder = ?, ttl = ?, expires_at = ? where "key" = ? and owner = ?',
        [token, holder, ttl, now + ttl, key, owner],
      );
      if (Number(changes) > 0) return { granted: true };
      const rows = holdersOf(connection, key);
      if (rows.length >= limit) {
        const firstEnd = Math.min(...rows.map((row) => row.expires_at));
        return { granted: false, holders: rows.map((row) => holderOf(row, now)), retryAfter: firstEnd - now };
      }
      connection.run(
        'insert into selvage_leases ("key", owner, token, holder, since, ttl, expires_at) values (?, ?, ?, ?, ?, ?, ?)',
        [key, owner, token, holder, now, ttl, now + ttl],
      );
      return { granted: true };
    });
  }

  renew(leases: readonly Lease[], ttl: number): Promise<boolean[]> {
    return this.database.writeAtOnce((connection) => {
      const expiresAt = this.now() + ttl;
      return leases.map(({ key, owner, token }) => {
        const { changes } = connection.run(
          'update selvage_leases set ttl = ?, expires_at = ? where "key" = ? and owner = ? and token = ?',
          [ttl, expiresAt, key, owner, token],
        );
        return Number(changes) > 0;
      });
    });
  }

  async release({ key, owner, token }: Lease): Promise<void> {
    await this.database.writeAtOnce((connection) =>
      connection.run('delete from selvage_leases where "key" = ? and owner = ? and token = ?', [
        key,
        owner,
        token,
      ]),
    );
  }

  async holders(key: string): Promise<LeaseHolder[]> {
    const now = this.now();
    const rows = await this.database.read((db) =>
      db
        .selectFrom('selvage_leases')
        .selectAll()
        .where('key', '=', key)
        .where('expires_at', '>', now)
        .orderBy('since')
        .execute(),
    );
    return rows.map((row) => holderOf(row, now));
  }

  takeTurn({ key, interval, within }: TurnRequest): Promise<TurnAnswer> {
    return this.database.writeAtOnce((connection) => {
      const now = this.now();
      // After the clock was set back, the turn is no further ahead than when it was taken.
      connection.run('update selvage_turns set next_at = ? + ahead where "key" = ? and next_at > ? + ahead', [
        now,
        key,
        now,
      ]);
      const [row] = connection.all<{ next_at: number }>('select next_at from selvage_turns where "key" = ?', [
        key,
      ]);
      const at = Math.max(now, row?.next_at ?? 0);
      const wait = Math.ceil(at - now);
      if (wait > within) return { granted: false, wait };
      const next = at + interval;
      connection.run('insert or replace into selvage_turns ("key", next_at, ahead) values (?, ?, ?)', [
        key,
        next,
        next - now,
      ]);
      return { granted: true, wait };
    });
  }
}

function holdersOf(connection: SqliteConnection, key: string): Row[] {
  return connection.all<Row>(
    'select owner, holder, since, expires_at from selvage_leases where "key" = ? order by since',
    [key],
  );
}

function holderOf({ owner, holder, since }: Row, now: number): LeaseHolder {
  return { owner, holder, heldFor: Math.max(0, now - since) };
}

/** Throws the errors of {@link openSqliteDatabase}. */
export async function createSqliteLeaseTable(options: SqliteOptions): Promise<SqliteLeaseTable> {
  return new SqliteLeaseTable(await openSqliteDatabase(options));
}
