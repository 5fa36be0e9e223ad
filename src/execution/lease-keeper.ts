import type { Lease, LeaseTable } from '../protocols';

/** After so long the place of an owner that was lost is free again. */
export const LEASE_TTL_MS = 30_000;
/** Renewed so often within its time to live, a lease outlives a renewal or two that fail. */
const RENEWALS = 3;

/**
 * Renews the leases that this process holds, all at once, as long as it lives: those of a killed process run out. One that is shorter than the
 * first renewal costs none.
 */
export class LeaseKeeper {
  /** What is held, and whom to tell that it is lost. */
  private readonly held = new Map<Lease, (() => void) | undefined>();
  private timer: ReturnType<typeof setInterval> | undefined;
  private isRenewing = false;

  constructor(
    readonly table: LeaseTable,
    readonly ttl: number = LEASE_TTL_MS,
  ) {}

  /**
   * Keeps a lease that was granted for {@link ttl}; answers how to give it back, which never rejects: what cannot be given back runs out.
   *
   * @param onLost called at most once, when somebody else has it because it could not be renewed in time
   */
  keep(lease: Lease, onLost?: () => void): () => Promise<void> {
    this.held.set(lease, onLost);
    if (!this.timer) {
      this.timer = setInterval(() => void this.renew(), this.ttl / RENEWALS);
      this.timer.unref();
    }
    return async () => {
      if (!this.forget(lease)) return;
      await this.table.release(lease).catch(() => undefined);
    };
  }

  private forget(lease: Lease): boolean {
    const wasHeld = this.held.delete(lease);
    if (this.held.size === 0) {
      clearInterval(this.timer);
      this.timer = undefined;
    }
    return wasHeld;
  }

  private async renew(): Promise<void> {
    if (this.isRenewing) return;
    this.isRenewing = true;
    const leases = [...this.held.keys()];
    try {
      const stillHeld = await this.table.renew(leases, this.ttl);
      leases.forEach((lease, index) => {
        if (stillHeld[index]) return;
        const onLost = this.held.get(lease);
        // Not of one that was given back meanwhile.
        if (this.forget(lease)) onLost?.();
      });
    } catch {
      // The next renewal may come in time.
    } finally {
      this.isRenewing = false;
    }
  }
}
