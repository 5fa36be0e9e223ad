import type { Lease, LeaseTable } from '../ports';

/** The place of a lost owner is free again after this time. */
export const LEASE_TTL_MS = 30_000;
/** Renewals per time to live, so that a lease survives a failed renewal or two. */
const RENEWALS = 3;

/**
 * Renews all leases of this process in one call; leases of a killed process expire. A short lease needs no renewal.
 */
export class LeaseKeeper {
  private readonly held = new Map<Lease, (() => void) | undefined>();
  private timer: ReturnType<typeof setInterval> | undefined;
  private isRenewing = false;

  constructor(
    readonly table: LeaseTable,
    readonly ttl: number = LEASE_TTL_MS,
  ) {}

  /**
   * Keeps a lease that was granted for {@link ttl}. The returned function gives the lease back and never rejects: a
   * lease that cannot be given back expires.
   *
   * @param onLost called at most once, if the lease was not renewed in time and somebody else took it
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
        // Ignores a lease that was given back meanwhile.
        if (this.forget(lease)) onLost?.();
      });
    } catch {
      // After a failed renewal, the next one may come in time.
    } finally {
      this.isRenewing = false;
    }
  }
}
