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
   * Lists runs, newest first, a page at a time, and changes no record. Running records of the page are
   * compared with the server. If the query has another status, the first page compares all running records, for at most
   * 5 s (see `comparedSince`). The first page also gets the runs that have ended with the status. Added runs may come
   * again on a later page, once a worker has settled them.
   *
   * The first page begins with runs that no worker has begun: at most its limit, among the newest thousand
   * workflows on the server. The `details.begun` of runs that no worker has begun is false. An embedded server may also
   * have runs of a deleted or replaced run history, with `details.recorded_elsewhere`.
   *
   * @throws SelvageError `InvalidQuery`, `ServerUnreachable`, `BackendUnavailable`
   */
  async list(query: RunsQuery = {}): Promise<RunsPage> {
    return await listRuns(this.host, query);
  }

  /**
   * Lists unfinished runs that wait, and for what, the longest wait first. Needs no worker. Asks the server only for
   * facts that records lack, so ten thousand runs that wait for signals, times or workers take some seconds. Other runs
   * cost a call each, as far as time allows.
   *
   * @throws SelvageError `ServerUnreachable`, `BackendUnavailable`
   */
  async waiting(query: WaitingRunsQuery = {}): Promise<WaitingRuns> {
    return await readWaitingRuns(this.host, query);
  }

  /**
   * Removes runs that ended longer ago than `olderThan`, with their lineage, then values that no record
   * names. A run and those of its knots go together; runs that an unfinished run needs stay. Calls may run
   * concurrently, beside workers; an interrupted call leaves the rest to the next.
   *
   * @throws SelvageError `InvalidConfig`, `ServerUnreachable`, `BackendUnavailable`
   */
  async prune(options: PruneOptions): Promise<PruneReport> {
    return await prune(this.host.backends, options, await openRuns(this.host));
  }
}
