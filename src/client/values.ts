import {
  collectGarbage,
  planScrub,
  scrub,
  type GarbageOptions,
  type GarbageReport,
  type ScrubOptions,
  type ScrubPlan,
  type ScrubSelection,
  type Scrubbed,
} from '../records/retention';
import type { Connected } from '../connection/connect';
import { openRuns } from '../connection/open-runs';
import { currentActor } from '../connection/provenance';
import { settleRunning } from '../connection/settle-runs';

/** Removes values from the data store: `selvage.values`. */
export class Values {
  /** @internal */
  constructor(private readonly host: Pick<Connected, 'client' | 'backends' | 'place'>) {}

  /**
   * Removes values that no record names, or that are older than a `ttl`. Keeps values of the grace period,
   * and those put since the oldest unfinished run began. Calls may run concurrently, beside workers, and be
   * interrupted at any time.
   *
   * @throws SelvageError `InvalidConfig`, `ServerUnreachable`, `BackendUnavailable`
   */
  async collectGarbage(options: GarbageOptions = {}): Promise<GarbageReport> {
    return await collectGarbage(this.host.backends, options, (await openRuns(this.host)).oldest);
  }

  /**
   * Finds the values that a scrub would remove, and references to them. Removes nothing.
   *
   * @throws SelvageError `UnknownRun`, `InvalidConfig`, `ServerUnreachable`, `BackendUnavailable`
   */
  async planScrub(selection: ScrubSelection): Promise<ScrubPlan> {
    const { backends, client } = this.host;
    await settleRunning(backends, client.workflow);
    return await planScrub(backends, selection);
  }

  /**
   * Removes the values of a plan, so that the data store has no bytes of them. All records stay; those of the
   * runs that made the values note the scrub. After a crash, repeat the call with the same plan.
   *
   * @param options.actor default: {@link currentActor}
   * @throws SelvageError `RunNotOver` if an unfinished run refers to a value (without `force`),
   * `BackendUnavailable`
   */
  async scrub(plan: ScrubPlan, options: ScrubOptions = {}): Promise<Scrubbed> {
    const actor = (options.actor ?? currentActor()) || undefined;
    return await scrub(this.host.backends, plan, { ...options, actor });
  }
}
