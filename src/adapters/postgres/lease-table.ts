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
import { openPostgresDatabase, type PostgresOptions } from './open';
import type { PostgresDatabase } from './database';
import { lockNumber } from './lock-number';
import { ACQUIRE, HOLDERS, RELEASE, RENEW, TAKE_TURN } from './lease-statements';

/** Leases in a Postgres database, by the server's clock. */
export class PostgresLeaseTable extends SqlAdapter<PostgresDatabase> implements LeaseTable {
  readonly technology = 'postgres';

  async acquire({ key, owner, token, holder, limit, ttl }: LeaseRequest): Promise<LeaseAnswer> {
    const { rows } = await this.database.runAlone(lockNumber('lease', key), ACQUIRE, [
      key,
      owner,
      token,
      holder,
      ttl,
      limit,
    ]);
    if (rows[0].granted) return { granted: true };
    return {
      granted: false,
      holders: rows.map(holderOf),
      retryAfter: Math.max(1, Math.min(...rows.map((row) => Number(row.left_for)))),
    };
  }

  async renew(leases: readonly Lease[], ttl: number): Promise<boolean[]> {
    if (leases.length === 0) return [];
    const { rows } = await this.database.run(RENEW, [...columns(leases), ttl]);
    const renewed = new Set(rows.map(nameOf));
    return leases.map((lease) => renewed.has(nameOf(lease)));
  }

  async release(lease: Lease): Promise<void> {
    await this.database.run(RELEASE, columns([lease]));
  }

  async holders(key: string): Promise<LeaseHolder[]> {
    const { rows } = await this.database.run(HOLDERS, [key]);
    return rows.map(holderOf);
  }

  async takeTurn({ key, interval, within }: TurnRequest): Promise<TurnAnswer> {
    const { rows } = await this.database.runAlone(
      lockNumber('turn', key),
      TAKE_TURN,
      [key, interval, within],
      // Repeating the statement would take two turns.
      { once: true },
    );
    return { granted: rows[0].granted, wait: rows[0].wait };
  }
}

function columns(leases: readonly Lease[]): string[][] {
  return [leases.map(({ key }) => key), leases.map(({ owner }) => owner), leases.map(({ token }) => token)];
}

function nameOf({ key, owner, token }: Lease): string {
  return JSON.stringify([key, owner, token]);
}

function holderOf(row: { owner: string; holder: string; held_for: number }): LeaseHolder {
  return { owner: row.owner, holder: row.holder, heldFor: row.held_for };
}

/** Throws the errors of {@link openPostgresDatabase}. */
export async function createPostgresLeaseTable(options: PostgresOptions): Promise<PostgresLeaseTable> {
  return new PostgresLeaseTable(await openPostgresDatabase(options));
}
