import type {
  Lease,
  LeaseAnswer,
  LeaseHolder,
  LeaseRequest,
  LeaseTable,
  TurnAnswer,
  TurnRequest,
} from '../../ports';
import { ValkeyAdapter } from './adapter';
import { openValkey, type ValkeyOptions } from './open';
import { textOf } from './client-like';
import { ACQUIRE, HOLDERS, RELEASE, RENEW, TAKE_TURN } from './lease-scripts';

/**
 * Leases in a Valkey (or Redis) server, by the server's clock. A server that restarts without data frees all leases.
 */
export class ValkeyLeaseTable extends ValkeyAdapter implements LeaseTable {
  async acquire({ key, owner, token, holder, limit, ttl }: LeaseRequest): Promise<LeaseAnswer> {
    const reply = await this.connection.run(ACQUIRE, [this.#keyOf(key)], [owner, token, holder, limit, ttl]);
    const [retryAfter, ...holders] = reply as [number, ...unknown[]];
    return retryAfter === 0 ? { granted: true } : { granted: false, holders: holdersOf(holders), retryAfter };
  }

  async renew(leases: readonly Lease[], ttl: number): Promise<boolean[]> {
    if (leases.length === 0) return [];
    const answers = await this.connection.run(
      RENEW,
      leases.map(({ key }) => this.#keyOf(key)),
      [ttl, ...leases.flatMap(({ owner, token }) => [owner, token])],
    );
    return (answers as number[]).map((answer) => answer === 1);
  }

  async release({ key, owner, token }: Lease): Promise<void> {
    await this.connection.run(RELEASE, [this.#keyOf(key)], [owner, token]);
  }

  async holders(key: string): Promise<LeaseHolder[]> {
    return holdersOf((await this.connection.run(HOLDERS, [this.#keyOf(key)], [])) as unknown[]);
  }

  async takeTurn({ key, interval, within }: TurnRequest): Promise<TurnAnswer> {
    const reply = await this.connection.run(
      TAKE_TURN,
      [this.connection.key('turn', key)],
      [interval, within],
    );
    const [granted, wait] = reply as [number, number];
    return { granted: granted === 1, wait };
  }

  #keyOf(key: string): string {
    return this.connection.key('lease', key);
  }
}

function holdersOf(fields: readonly unknown[]): LeaseHolder[] {
  const holders: LeaseHolder[] = [];
  for (let index = 0; index + 2 < fields.length; index += 3) {
    const [owner, holder, heldFor] = fields.slice(index, index + 3);
    holders.push({ owner: textOf(owner), holder: textOf(holder), heldFor: Number(heldFor) });
  }
  return holders;
}

/** Throws `InvalidUrl`, `MissingPackage`, `BackendUnavailable`. */
export async function createValkeyLeaseTable(options: ValkeyOptions): Promise<ValkeyLeaseTable> {
  return new ValkeyLeaseTable(await openValkey(options));
}
