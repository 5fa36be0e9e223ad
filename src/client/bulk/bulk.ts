import { randomUUID } from 'node:crypto';
import { SelvageError, isAway } from '../../errors';
import type { RunRecord } from '../../ports';
import { everyItem } from '../../ports/parts/every-item';
import { inParallel } from '../../values/in-parallel';
import { decodeJson, defined } from '../../values';
import { readOpenRuns } from '../../connection/across/open-runs';
import type { Connected } from '../../connection/connect';
import type { RunHandle } from '../../connection/run-handle';
import { runIdOfKey } from '../../connection/run-ids';
import type { RunsPage, RunsQuery } from '../../connection/list-runs';
import type { ResumeOptions } from '../../connection/start-options';
import type {
  BulkAction,
  BulkOptions,
  BulkOutcome,
  BulkPlan,
  BulkProgress,
  BulkReport,
  BulkRun,
  BulkSelection,
  BulkState,
} from './bulk-act';
import { BulkJournal } from './journal';

const AT_ONCE = 16;
const RESUMABLE: readonly RunRecord['status'][] = ['failed', 'cancelled', 'terminated'];

interface BulkHost extends Pick<Connected, 'client' | 'backends' | 'place' | 'projectDir'> {
  getRun(runId: string): RunHandle;
  resume(runId: string, options: ResumeOptions): Promise<RunHandle>;
  listRuns(query: RunsQuery): Promise<RunsPage>;
}

/** Acts on many runs: `selvage.bulk`. Interrupted acts go on by their id, without a second effect. */
export class Bulk {
  /** @internal */
  constructor(private readonly host: BulkHost) {}

  /**
   * Chooses the runs, and does nothing yet. A query selects unfinished runs, started or not; for `resume`,
   * ended runs that were not resumed. Excludes runs of other runs' knots, which end and go on with those,
   * except for a `signal`.
   *
   * @throws SelvageError `InvalidQuery`, `ServerUnreachable`, `BackendUnavailable`
   */
  async plan(action: BulkAction, selection: BulkSelection): Promise<BulkPlan> {
    return {
      id: `bulk-${randomUUID().slice(0, 8)}`,
      action,
      plannedAt: Date.now(),
      runs: await this.chosen(action, selection),
    };
  }

  /** Carries out a plan, until an outage; reports failures of single runs. @throws SelvageError `FolderUnusable` */
  async carryOut(plan: BulkPlan, options: BulkOptions = {}): Promise<BulkReport> {
    return await this.goOn(plan, BulkJournal.create(this.host.projectDir, plan), [], options);
  }

  /** Goes on with an interrupted act, and retries failures. @throws SelvageError `UnknownBulkAction` */
  async continue(id: string, options: BulkOptions = {}): Promise<BulkReport> {
    const { journal, plan, outcomes } = BulkJournal.open(this.host.projectDir, id);
    return await this.goOn(plan, journal, outcomes, options);
  }

  /** The state of a bulk act, by its id. @throws SelvageError `UnknownBulkAction` */
  show(id: string): BulkState {
    return stateOf(this.host.projectDir, id);
  }

  /** Lists all bulk acts of this project, newest first. */
  list(): BulkState[] {
    return bulkStates(this.host.projectDir);
  }

  private async chosen(action: BulkAction, selection: BulkSelection): Promise<BulkRun[]> {
    if ('runs' in selection) return [...new Set(selection.runs)].map((runId) => ({ runId, tapestry: '' }));
    const { status, ...query } = selection.query;
    if (action.kind === 'resume') return await this.ended(query, status, action.allowDuplicate === true);
    if (status !== undefined && status !== 'running') {
      throw new SelvageError(
        'InvalidQuery',
        `Only unfinished runs can be told to ${action.kind}: leave out the status ${status}.`,
        { details: { status } },
      );
    }
    const open = await readOpenRuns(this.host, query);
    const own = open.filter(({ parentRunId }) => action.kind === 'signal' || parentRunId === null);
    return own.sort((a, b) => a.startedAt - b.startedAt).map(({ runId, tapestry }) => ({ runId, tapestry }));
  }

  private async ended(
    query: RunsQuery,
    status: RunRecord['status'] | undefined,
    allowDuplicate: boolean,
  ): Promise<BulkRun[]> {
    const found = new Map<string, BulkRun>();
    for (const each of status === undefined ? RESUMABLE : [status]) {
      const wanted: RunsQuery = { ...query, status: each, ...(!allowDuplicate && { resumed: false }) };
      for await (const run of everyItem((page) => this.host.listRuns({ ...wanted, ...page }))) {
        const { run_id: runId, temporal_run_id: temporalRunId, tapestry, parent_run_id: parent } = run;
        if (parent !== null) continue;
        const latest = await this.host.backends.runHistory.getRun(runId);
        // A run that was reset has gone on under its id, and the later execution would be resumed.
        if (latest?.temporal_run_id === temporalRunId) found.set(runId, { runId, tapestry });
      }
    }
    return [...found.values()];
  }

  private async goOn(
    plan: BulkPlan,
    journal: BulkJournal,
    before: readonly BulkOutcome[],
    { concurrency = AT_ONCE, signal, onProgress }: BulkOptions,
  ): Promise<BulkReport> {
    const { id, runs } = plan;
    const doneBefore = lastOf(before.filter(({ error }) => !error));
    const left = runs.filter(({ runId }) => !doneBefore.has(runId));
    const failed: BulkOutcome[] = [];
    let done = doneBefore.size;
    let interruptedBy: BulkOutcome['error'];
    const counts = (): Omit<BulkProgress, 'failed'> => ({
      id,
      action: plan.action,
      total: runs.length,
      done,
      remaining: runs.length - done - failed.length,
    });
    await inParallel(left, concurrency, async ({ runId, tapestry }) => {
      if (interruptedBy || signal?.aborted) return;
      const outcome = await this.act(plan, runId, tapestry).then(
        (what): BulkOutcome => ({ runId, ...what }),
        (error: unknown): BulkOutcome => {
          const told = tell(error);
          if (isAway(error)) interruptedBy = told;
          return { runId, error: told };
        },
      );
      if (interruptedBy && outcome.error) return;
      if (outcome.error) failed.push(outcome);
      else done += 1;
      journal.add(outcome);
      onProgress?.({ ...counts(), failed: failed.length });
    });
    return { ...counts(), failed, ...(interruptedBy && { interruptedBy }) };
  }

  /** Acts on one run; repeating the call has no second effect. */
  private async act(
    { id, action }: BulkPlan,
    runId: string,
    tapestry: string,
  ): Promise<Pick<BulkOutcome, 'newRunId' | 'takenBy'>> {
    const run = this.host.getRun(runId);
    switch (action.kind) {
      case 'cancel':
        await run.cancel();
        return {};
      case 'terminate':
        await run.terminate(action.reason);
        return {};
      case 'resume': {
        const { kind: _, ...options } = action;
        // The id of the new run is fixed, so that a second attempt finds the run of the first.
        const newId = runIdOfKey(tapestry === '' ? 'resumed' : tapestry, `${id} ${runId}`);
        const resumed = await this.host.resume(runId, { ...options, runId: newId, ifExists: 'attach' });
        return { newRunId: resumed.runId };
      }
      case 'signal': {
        const { name, payload, allowReferences = false, timeout } = action;
        const value = decodeJson(payload, { allowReferences });
        const { takenBy } = await run.signal(name, value, { id, ...(timeout !== undefined && { timeout }) });
        return defined({ takenBy });
      }
    }
  }
}

export function bulkStates(projectDir: string): BulkState[] {
  const all = BulkJournal.ids(projectDir).map((id) => stateOf(projectDir, id));
  return all.sort((a, b) => b.plannedAt - a.plannedAt);
}

function stateOf(projectDir: string, id: string): BulkState {
  const {
    plan: { action, plannedAt, runs },
    outcomes,
  } = BulkJournal.open(projectDir, id);
  const last = lastOf(outcomes);
  const failed = [...last.values()].filter(({ error }) => error);
  return {
    id,
    action,
    plannedAt,
    total: runs.length,
    done: last.size - failed.length,
    failed,
    remaining: runs.length - last.size,
  };
}

function lastOf(outcomes: readonly BulkOutcome[]): Map<string, BulkOutcome> {
  return new Map(outcomes.map((outcome) => [outcome.runId, outcome]));
}

function tell(error: unknown): NonNullable<BulkOutcome['error']> {
  const code = SelvageError.is(error) ? error.code : 'UnexpectedError';
  return { code, message: error instanceof Error ? error.message : String(error) };
}
