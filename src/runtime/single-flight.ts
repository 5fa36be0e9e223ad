import { SelvageError } from '../errors';
import type { LeaseTable } from '../ports';
import { LeaseKeeper } from './lease-keeper';

/** A refused knot returns after this time, when the value often exists. */
const COMEBACK_MS = 1_000;

export interface Making {
  readonly cacheKey: string;
  readonly runId: string;
  readonly temporalRunId: string;
  readonly knotId: string;
}

/**
 * Lets one knot at a time make the value of a cache key, over all processes that share the lease table. After a kill of
 * a knot's process, the next knot may start when the lease expires; the same knot's next attempt starts at once.
 */
export class SingleFlight {
  private readonly keeper: LeaseKeeper;

  constructor(
    private readonly table: LeaseTable,
    leaseTtl?: number,
  ) {
    this.keeper = new LeaseKeeper(table, leaseTtl);
  }

  /** @throws SelvageError `ValueInProgress` if another knot is making it; its `retryAfter` is in milliseconds */
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
