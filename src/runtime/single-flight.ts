import { SelvageError } from '../errors';
import type { LeaseTable } from '../ports';
import { LeaseKeeper } from './lease-keeper';

/** A refused knot comes back after this time; the value is often there by then. */
const COMEBACK_MS = 1_000;

/** The knot that is about to make a value. */
export interface Making {
  readonly cacheKey: string;
  readonly runId: string;
  /** The key of the run's records. */
  readonly temporalRunId: string;
  readonly knotId: string;
}

/**
 * Lets only one knot at a time make the value of a cache key, over all processes that share the lease table. If that
 * knot's process is killed, the next may start when the lease has expired; another attempt of the same knot continues
 * at once.
 */
export class SingleFlight {
  private readonly keeper: LeaseKeeper;

  constructor(
    private readonly table: LeaseTable,
    leaseTtl?: number,
  ) {
    this.keeper = new LeaseKeeper(table, leaseTtl);
  }

  /**
   * @throws SelvageError `ValueInProgress` if another knot is making it; `details.retryAfter` says after how many
   * milliseconds to come back
   */
  async run<T>({ cacheKey, runId, temporalRunId, knotId }: Making, make: () => Promise<T>): Promise<T> {
    const lease = {
      key: `cache:${cacheKey}`,
      owner: `${temporalRunId}/${knotId}`,
      token: crypto.randomUUID(),
    };
    const holder = `knot "${knotId}" of run "${runId}"`;
    const answer = await this.table.acquire({ ...lease, holder, limit: 1, ttl: this.keeper.ttl });
    if (!answer.granted) throw inMaking(knotId, cacheKey, answer.holders[0]?.holder ?? 'another knot');
    const release = this.keeper.keep(lease);
    try {
      return await make();
    } finally {
      await release();
    }
  }
}

function inMaking(knot: string, cacheKey: string, maker: string): SelvageError {
  return new SelvageError(
    'ValueInProgress',
    `Knot "${knot}" waits for a value that it can reuse: ${maker} is making it.`,
    { details: { knot, cacheKey, retryAfter: COMEBACK_MS } },
  );
}
