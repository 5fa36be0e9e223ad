import type { WaitingRuns, WaitingRunsQuery } from '../connection/across/waiting-run';
import { readWaitingRuns, type AcrossHost } from '../connection/across/waiting-runs';
import { listRuns, type RunsPage, type RunsQuery } from '../connection/list-runs';
import { openRuns } from '../connection/open-runs';
import { prune, type PruneOptions, type PruneReport } from '../records/retention';

/** The runs on record: `selvage.runs`. */
export class Runs {
  /** @internal */
  constructor(private readonly host: AcrossHost) {}

  /**
   * Lists runs, newest first, a page at a time. Running records of the page are compared with the server. The first page of a listing by another
   * status compares all running records, for at most 5 s (see `comparedSince`), and has those of the runs that have ended so beside its own. Once
   * a worker has settled them, they may come again on a later page. Changes no record.
   *
   * The first page begins with runs that no worker has begun, which only the server knows: at most as many as the page's limit, among the newest
   * thousand workflows that run there. Their `details.begun` is false. On an embedded server, runs whose run history was deleted or replaced are
   * among them, with `details.recorded_elsewhere`.
   *
   * @throws SelvageError `InvalidQuery`, `ServerUnreachable`, `BackendUnavailable`
   */
  async list(query: RunsQuery = {}): Promise<RunsPage> {
    return await listRuns(this.host, query);
  }

  /**
   * Which unfinished runs wait, since when and for what, those that have waited longest first. Needs no worker. What their records tell is not asked
   * again: so ten thousand runs that wait for signals, times or workers take some seconds. About any other, the server is asked, as many as
   * there is time for.
   *
   * @throws SelvageError `ServerUnreachable`, `BackendUnavailable`
   */
  async waiting(query: WaitingRunsQuery = {}): Promise<WaitingRuns> {
    return await readWaitingRuns(this.host, query);
  }

  /**
   * Removes runs that ended longer ago than `olderThan`, with their lineage, and then the values that no record names any more. A run and those
   * that its knots have started go together; runs that an unfinished run needs stay. Any number of calls may run at once, beside workers. A call
   * that was interrupted leaves the rest to the next.
   *
   * @throws SelvageError `InvalidConfig`, `ServerUnreachable`, `BackendUnavailable`
   */
  async prune(options: PruneOptions): Promise<PruneReport> {
    return await prune(this.host.backends, options, await openRuns(this.host));
  }
}
