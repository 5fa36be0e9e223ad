import type { WorkflowExecutionDescription } from '@temporalio/client';
import { SelvageError } from '../errors';
import type { RunRecord } from '../ports';
import type { RunScope } from '../encryption/run-scope';
import { digestForRun, digestsOf, encryptionOf, subjectOf } from '../encryption/seal-backends';
import { isReset } from './executions';
import { asEnded, lookAtRun } from './look-at-run';
import type { Through } from './outages';
import { isUnfinished, type RunOnServer } from './run-on-server';
import { settleRun } from './settle-runs';
import { cannotBeAwaited, isOfOtherHistory, memoOf, recordOfUnbegun } from './unbegun-run';
import { hasFirstStep } from './workflow-task-facts';
import type { UnfinishedRun } from './facts-reader';

type UnfinishedRecord = Pick<UnfinishedRun, 'run' | 'begun' | 'resetFrom'>;

/** The record of a run, compared with the server. */
export class RunRecords {
  private hasBegunOnce = false;

  constructor(private readonly server: RunOnServer) {}

  /** @throws SelvageError `UnknownRun` if no worker has begun it */
  async current(): Promise<RunRecord> {
    const { backends, runId } = this.server;
    const run = await backends.runHistory.getRun(runId);
    if (run) return run;
    await this.server.describe();
    throw this.notBegun();
  }

  /** @throws SelvageError `BackendsDiffer` if its records, and so its end, are in another run history */
  async waitForEnd(through: Through): Promise<void> {
    if (!this.server.options.isNew) await through(() => this.requireHere());
    await this.server.waitForEnd(through);
  }

  /** @throws SelvageError `BackendsDiffer` if the run's records are in another run history */
  async requireHere(): Promise<void> {
    const { runHistory } = this.server.backends;
    if (await runHistory.getRun(this.server.runId)) return;
    const description = await this.server.describe();
    if (isOfOtherHistory(memoOf(description), await runHistory.identity()))
      throw cannotBeAwaited(description);
  }

  /** If there is no record, the run ended before a worker began it, or the history has lost the record. */
  async ended(): Promise<RunRecord> {
    const { backends, workflow } = this.server;
    return (await lookAtRun(backends, workflow.client, await this.known())).run;
  }

  /** Records how the run ended. A run without a record gets a record. */
  async settle(): Promise<void> {
    const { backends, workflow } = this.server;
    const { runHistory } = backends;
    const known = await this.known();
    if (known.status !== 'running') return;
    const run = await runHistory.getRunByTemporalId(known.temporal_run_id);
    await settleRun(backends, workflow.client, run ?? (await runHistory.startRun(known)));
  }

  /** The record of a run that is over, or a record made of the server's facts. */
  private async known(): Promise<RunRecord> {
    const { backends, runId, workflow } = this.server;
    const { runHistory } = backends;
    const { client } = workflow;
    const run = await runHistory.getRun(runId);
    if (run) return run;
    const description = await this.server.describe();
    const memo = memoOf(description);
    const { runId: own, raw } = description;
    if (isUnfinished(description) || !memo.plan) throw this.notBegun();
    const hasBegun = await hasFirstStep(client, description);
    const unbegun = await recordOfUnbegun(client, backends, description);
    // The run's own history has a record of every run that was begun.
    if (hasBegun && isOfOtherHistory(memo, await runHistory.identity())) return asEnded(unbegun, description);
    if (hasBegun && !memo.backends) throw this.notBegun();
    const { begun: _, ...details } = unbegun.details;
    const first = raw.workflowExecutionInfo?.firstRunId || own;
    return hasBegun ? { ...unbegun, temporal_run_id: first, details } : unbegun;
  }

  async unfinished(description: WorkflowExecutionDescription): Promise<UnfinishedRecord> {
    const { backends, runId, workflow } = this.server;
    const { runHistory } = backends;
    const { client } = workflow;
    // The child run of a map or a slow knot has no record of its own.
    const memo = memoOf(description);
    if ('temporalRunId' in memo) throw this.notBegun();
    const known = async (): Promise<UnfinishedRecord | undefined> => {
      const run = await runHistory.getRun(runId);
      return run && isOf(run, description) ? { run, begun: true } : undefined;
    };
    const before = await known();
    if (before) return before;
    const isElsewhere = isOfOtherHistory(memo, await runHistory.identity());
    if (isElsewhere || !(await hasFirstStep(client, description)))
      return { run: await recordOfUnbegun(client, backends, description), begun: false };
    // A worker has begun the run meanwhile; or a reset has made an execution without a record until it ends.
    const meanwhile = await known();
    if (meanwhile) return meanwhile;
    const run = await runHistory.getRun(runId);
    if (!run) throw this.notBegun();
    // Between a run's last record and the end of its workflow, the record is ahead of the server.
    if (!(await isReset(client, runId, description.runId))) return { run, begun: true };
    return {
      run: { ...run, temporal_run_id: description.runId, status: 'running', finished_at: null },
      begun: true,
      resetFrom: run.temporal_run_id,
    };
  }

  /** The record of an ended run; undefined if the run is not over, or unknown. */
  async over(): Promise<RunRecord | undefined> {
    const { backends, runId } = this.server;
    const run = await backends.runHistory.getRun(runId);
    if (run && run.status !== 'running') return run;
    // Without a record, or with an old one, the server may know that the run is over.
    return (await this.server.descriptionOrNone().catch(() => undefined)) ? await this.ended() : undefined;
  }

  /**
   * Whether a worker has begun the run. A query before the first step has no answer, and one beside a failing first
   * step makes the SDK write the failure into the history. Also false while a backend is unreachable.
   */
  async hasBegun(): Promise<boolean> {
    if (this.hasBegunOnce) return true;
    const { backends, runId } = this.server;
    const run = await backends.runHistory.getRun(runId).catch(() => undefined);
    return (this.hasBegunOnce = run !== undefined);
  }

  /** @throws SelvageError `KeyMissing` */
  async scope(): Promise<RunScope> {
    const { backends, runId } = this.server;
    if (!encryptionOf(backends)) return {};
    const run = await backends.runHistory.getRun(runId);
    if (run) return { subject: subjectOf(run), digest: digestForRun(backends, run) };
    const memo = memoOf(await this.server.describe());
    const digests = digestsOf(backends);
    return {
      subject: memo.subject,
      digest: memo.backends ? digests.byTag(memo.backends.digest) : digests.current,
    };
  }

  private notBegun(): SelvageError {
    const { backends, runId } = this.server;
    return new SelvageError(
      'UnknownRun',
      `The run history (${backends.runHistory.technology}) does not know run "${runId}": no worker has begun it yet, or this ` +
        'process looks at other backends than its worker (`selvage doctor` shows them).' +
        (runId.includes('/')
          ? ' Where it is a knot of a run: `selvage runs show RUN/KNOT`, in code `getRun(RUN).knot(KNOT)`.'
          : ''),
      { details: { run: runId } },
    );
  }
}

/** Whether a record names this execution, or the first one of a continued run. */
function isOf(run: RunRecord, { runId, raw }: WorkflowExecutionDescription): boolean {
  if (run.temporal_run_id === runId) return true;
  return run.status === 'running' && run.temporal_run_id === raw.workflowExecutionInfo?.firstRunId;
}
