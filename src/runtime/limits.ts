import type { PlanLimit, PlanPolicy } from '../plan';
import { SelvageError } from '../errors';
import type { LeaseAnswer, LeaseTable } from '../ports';
import { Comebacks } from './comeback';
import { LeaseKeeper } from './lease-keeper';
import { PlaceLine } from './place-line';
import { waitUnlessStopped } from './timer';
import { backOff, type BackOff } from '../values/back-off';

/** How long a body may wait for its place or turn while it holds up others. */
export const PATIENCE_MS = 1_000;
/** Maximum number of bodies of one process that hold up others while they wait for one limit. */
const LONGEST_LINE = 50;
const DEFAULT_PRIORITY = 3;
/** Backoff after refusals. A place may be free for the longest wait before anybody asks for it. */
const COMEBACK: BackOff = { base: 500, factor: 1.5, max: 5_000 };
/** Maximum distance between waiters that return one by one. */
const WIDEST_SPACING_MS = 1_000;
/** Each waiter for a limit returns within this time. */
const LATEST_COMEBACK_MS = 60_000;
/** Weight of the last body in the mean duration of bodies. */
const WEIGHT_OF_LAST = 0.2;
const NAMED_HOLDERS = 3;

const LIMITS = new WeakMap<LeaseTable, Limits>();

export interface LimitedCall {
  readonly policy: Pick<PlanPolicy, 'maxConcurrent' | 'ratePerSecond' | 'priority'>;
  readonly runId: string;
  readonly temporalRunId: string;
  readonly knotId: string;
  /** Start of the call's wait, over all attempts. Milliseconds since the epoch. */
  readonly since: number;
  readonly refusals: number;
  /** Milliseconds that the call may wait for a place or a turn before it is refused. Infinite: never refused. */
  readonly patience: number;
  readonly signal: AbortSignal | undefined;
  /** Called if the place was given away while the body ran, as this process stood still for longer than leases live. */
  readonly onLost?: (limit: string) => void;
}

/**
 * Lets bodies run as far as the limits of their knots allow: `maxConcurrent` by leases and `ratePerSecond` by turns.
 * Places and turns are in the lease table, so they hold for all processes that share it.
 *
 * L1 A body runs only while its knot has a place. The end of the call gives the place back; after a kill of the
 * process, the lease expires. Another attempt of the same knot takes the place over at once.
 * L2 A caller that would wait for longer than its patience is refused (`LimitReached`) and has taken nothing.
 * L3 Within a process, and while their patience lasts, waiters with the smaller priority go first; with equal
 * priority, the longest waiting.
 */
export class Limits {
  private readonly keeper: LeaseKeeper;
  private readonly lines = new Map<string, PlaceLine>();
  private readonly comebacks = new Comebacks();
  /** Mean milliseconds that a place is held, by key of a limit. */
  private readonly held = new Map<string, number>();

  constructor(
    private readonly table: LeaseTable,
    leaseTtl?: number,
  ) {
    this.keeper = new LeaseKeeper(table, leaseTtl);
  }

  /** The limits that all runs of this process on one table share, so that their knots wait in one line. */
  static of(table: LeaseTable): Limits {
    const limits = LIMITS.get(table) ?? new Limits(table);
    LIMITS.set(table, limits);
    return limits;
  }

  /**
   * @throws SelvageError `LimitReached` if the body did not run; its `retryAfter` is in milliseconds
   * @throws the reason of the signal, if it is aborted during the wait
   */
  async run<T>(call: LimitedCall, body: () => Promise<T>): Promise<T> {
    const { maxConcurrent, ratePerSecond } = call.policy;
    const giveBack = maxConcurrent && (await this.takePlace(call, maxConcurrent));
    try {
      if (ratePerSecond) await this.waitForTurn(call, ratePerSecond);
      return await body();
    } finally {
      await giveBack?.();
    }
  }

  private async takePlace(call: LimitedCall, { key, limit }: PlanLimit): Promise<() => Promise<void>> {
    const { runId, temporalRunId, knotId, patience, signal, since, policy } = call;
    const lease = { key: placesOf(key), owner: `${temporalRunId}/${knotId}`, token: crypto.randomUUID() };
    const line = this.lines.get(key) ?? new PlaceLine(this.table);
    this.lines.set(key, line);
    const meanHeld = this.held.get(key);
    const turnover = meanHeld === undefined ? 1 : Math.ceil(patience / Math.max(1, meanHeld));
    const answer = await line.take(
      { ...lease, holder: `knot "${knotId}" of run "${runId}"`, limit, ttl: this.keeper.ttl },
      {
        rank: { priority: policy.priority ?? DEFAULT_PRIORITY, since },
        patience,
        capacity: Number.isFinite(patience) ? Math.min(LONGEST_LINE, limit * turnover) : Infinity,
        signal,
      },
    );
    if (!answer.granted) throw this.noPlace(call, { key, limit }, answer);
    const from = performance.now();
    const release = this.keeper.keep(lease, () => call.onLost?.(key));
    return async () => {
      this.noteHeld(key, performance.now() - from);
      await release();
      this.lines.get(key)?.wake();
    };
  }

  private noPlace(
    { knotId, refusals }: LimitedCall,
    { key, limit }: PlanLimit,
    { holders }: Extract<LeaseAnswer, { granted: false }>,
  ): SelvageError {
    // Until a body has ended here, the wait is estimated from the current holders.
    const meanHeld = this.held.get(key) ?? Math.max(0, ...holders.map(({ heldFor }) => heldFor));
    const retryAfter = this.comebacks.next(
      placesOf(key),
      backOff(COMEBACK, refusals),
      Math.min(WIDEST_SPACING_MS, meanHeld / limit),
      LATEST_COMEBACK_MS,
    );
    const named = holders.slice(0, NAMED_HOLDERS).map(({ holder }) => holder);
    const more = holders.length > named.length ? ` and ${holders.length - named.length} more` : '';
    const taken =
      named.length > 0
        ? `${holders.length} of ${limit} are taken by ${named.join(', ')}${more}`
        : `others wait for one of its ${limit} before it`;
    return new SelvageError(
      'LimitReached',
      `Knot "${knotId}" waits for a place of limit "${key}": ${taken}.`,
      { details: { knot: knotId, limit: key, retryAfter } },
    );
  }

  private noteHeld(key: string, held: number): void {
    const before = this.held.get(key);
    this.held.set(key, before === undefined ? held : before + WEIGHT_OF_LAST * (held - before));
  }

  private async waitForTurn(call: LimitedCall, { key, limit }: PlanLimit): Promise<void> {
    const { knotId, patience, signal } = call;
    const interval = 1_000 / limit;
    // No more bodies wait here than may wait for a place.
    const within = Math.min(patience, PATIENCE_MS, LONGEST_LINE * interval);
    for (;;) {
      signal?.throwIfAborted();
      const { granted, wait } = await this.table.takeTurn({ key: turnsOf(key), interval, within });
      if (granted) return await pause(wait, signal);
      const retryAfter = this.comebacks.next(turnsOf(key), wait, interval, LATEST_COMEBACK_MS);
      if (Number.isFinite(patience)) {
        throw new SelvageError(
          'LimitReached',
          `Knot "${knotId}" waits for its turn: limit "${key}" lets ${limit} a second begin.`,
          { details: { knot: knotId, limit: key, retryAfter } },
        );
      }
      await pause(retryAfter, signal);
    }
  }
}

export function placesOf(limit: string): string {
  return `limit:${limit}`;
}

function turnsOf(limit: string): string {
  return `rate:${limit}`;
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (ms <= 0) return;
  await waitUnlessStopped(ms, signal);
  signal?.throwIfAborted();
}
