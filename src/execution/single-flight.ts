import { SelvageError } from '../errors';
import type { LeaseTable } from '../protocols';
import { LeaseKeeper } from './lease-keeper';

/** Whoever was refused comes back after this: the value is often there by then. */
const COMEBACK_MS = 1_000;

/** Who is about to make a value. */
export interface Making {
  readonly cacheKey: string;
  readonly runId: string;
  /** What the records of the run are kept under. */
  readonly recordRun: string;
  readonly knotId: string;
}

/**
 * Lets one knot at a time make the value of a cache key, of all processes that share the lease table. If it is killed, the next one may
 * when the lease has run out; another attempt of the same knot goes on at once.
 */
export class SingleFlight {
  private readonly keeper: LeaseKeeper;

  constructor(
    private readonly table: LeaseTable,
    leaseTtl?: number,
  ) {
    this.keeper = new LeaseKeeper(table, leaseTtl);
  }

  /** @throws SelvageError `ValueInMaking` where another one makes it; its details say after how many milliseconds to come back (`retryAfter`) */
  async run<T>({ cacheKey, runId, recordRun, knotId }: Making, make: () => Promise<T>): Promise<T> {
    const lease = {
      key: `cache:${cacheKey}`,
      owner: `${recordRun}/${knotId}`,
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
    'ValueInMaking',
    `Knot "${knot}" waits for a value that it can reuse: ${maker} is making it.`,
    { details: { knot, cacheKey, retryAfter: COMEBACK_MS } },
  );
}
