import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { WorkerParts } from '../activities';
import {
  PARTITIONS_KNOT,
  numberedKey,
  partitionRunId,
  triggerOfBackfill,
  type BackfillHost,
  type BackfillRequest,
  type BackfilledPartition,
  type PlannedPartition,
} from '../backfills';
import { Selvage, type RunHandle } from '../client';
import { firstBegan, partitionsToMake } from '../connection/backfills';
import { unlessLost } from '../connection/unless-lost';
import { Retryable, SelvageError } from '../errors';
import { readValues, type LoadedPlan } from '../runtime';
import type { KnotContext, TapestryRecord } from '../authoring';
import type { ClaimResult, RunRecord, StartClaim } from '../ports';
import { everyItem } from '../ports/parts/every-item';
import { GroupedCalls } from '../connection/grouped-calls';
import { inParallel } from '../values/in-parallel';

const REMEMBERED = 100;
/** Milliseconds until the next check of a partition for which this worker has no slot to wait in. */
const LOOK_AGAIN_MS = 1_000;
const CALLS_AT_ONCE = 1_000;
const CANCELS_AT_ONCE = 20;

interface BackfillSurroundings {
  readonly environment: Pick<WorkerParts, 'backends' | 'clock' | 'plans' | 'registry'>;
  readonly client: Client;
  /** The worker's own task queue, on which runs start unless their backfill names another. */
  readonly taskQueue: string;
  readonly inlineLimit: number | undefined;
  readonly slots: number;
}

interface Open extends BackfillSurroundings {
  readonly selvage: Selvage;
  readonly claims: GroupedCalls<StartClaim, ClaimResult>;
  readonly marks: GroupedCalls<Pick<StartClaim, 'trigger' | 'key'>, undefined>;
}

interface KnownBackfill {
  readonly run: RunRecord | undefined;
  /** The results of the backfill's partitions here, for those that depend on them. */
  readonly ended: Map<string, BackfilledPartition['state']>;
  readonly waiting: Map<string, () => void>;
}

/**
 * A worker's part in backfills.
 *
 * B1 The id of a partition's run has tapestry, key and number, and so has its claim in the start ledger. Every n-th
 * attempt at a partition therefore starts the same run, once.
 * B2 A running run is awaited, whoever started it, and never ended in favour of another. A run that was over before
 * the partition was chosen is made again, under the next number.
 * B3 Waits for runs take at most half of the worker's slots, as the runs need the other slots. A partition without a
 * slot is checked again later.
 * B4 The last step of a backfill that is cut short cancels its runs, including those of a killed worker.
 */
export class WorkerBackfills implements BackfillHost {
  private surroundings: Open | undefined;
  private readonly known = new Map<string, Promise<KnownBackfill>>();
  private places = 0;

  attach(surroundings: BackfillSurroundings): void {
    const { environment, client, inlineLimit, slots } = surroundings;
    const { startLedger } = environment.backends;
    this.places = Math.floor(slots / 2);
    this.surroundings = {
      ...surroundings,
      selvage: Selvage.within(client, environment.backends, inlineLimit),
      claims: new GroupedCalls((claims) => startLedger.claim(claims), CALLS_AT_ONCE),
      marks: new GroupedCalls(async (keys) => {
        await startLedger.markStarted(keys);
        return keys.map(() => undefined);
      }, CALLS_AT_ONCE),
    };
  }

  async list(request: BackfillRequest, context: KnotContext): Promise<readonly PlannedPartition[]> {
    const { environment, client } = this.open;
    const { run } = await this.knownOf(context.runId);
    const failedSince = await firstBegan(environment.backends, run);
    const chosen = await partitionsToMake(environment.backends, this.tapestryOf(request), request, {
      client: client.workflow,
      now: environment.clock.now(),
      ...plannedTime(run),
      ...(failedSince !== undefined && { failedSince }),
    });
    context.logger.info(
      { partitions: chosen.length },
      `Backfill of ${request.tapestry}: ${chosen.length} partitions`,
    );
    return chosen;
  }

  async make(
    partition: PlannedPartition,
    request: BackfillRequest,
    context: KnotContext,
  ): Promise<BackfilledPartition> {
    const end = await this.makeIt(partition, request, context);
    const { ended, waiting } = await this.knownOf(context.runId);
    ended.set(partition.key, end.state);
    waiting.get(partition.key)?.();
    return end;
  }

  /**
   * Cancels the runs of a backfill before it ends itself.
   *
   * @throws SelvageError `ServerUnreachable`, `BackendUnavailable`, after which it should be called again
   */
  async cutShort(backfill: string, temporalRunId: string): Promise<void> {
    const { environment, selvage } = this.open;
    const { runHistory, startLedger } = environment.backends;
    const records = await runHistory.getRecords(temporalRunId, ['param:request']);
    const run = await runHistory.getRunByTemporalId(temporalRunId);
    if (records.length === 0 || !run) return;
    const values = await readValues(environment.backends, records);
    const { tapestry } = values.get('param:request') as BackfillRequest;
    const started = new Set<string>();
    // Only the ledger knows of runs that no worker has begun.
    for await (const { runId, event, claimedAt } of everyItem((page) =>
      startLedger.list({ trigger: ledgerTrigger(tapestry), ...page }),
    )) {
      if (event['backfill'] === backfill) started.add(runId);
      // The clock of a ledger elsewhere may differ.
      if (claimedAt < run.started_at - CLOCKS_DIFFER_MS) break;
    }
    const trigger = triggerOfBackfill(backfill);
    for await (const { run_id, status } of everyItem((page) => runHistory.listRuns({ trigger, ...page })))
      // The runs include those claimed by another process that died before the start.
      if (status === 'running') started.add(run_id);
      else started.delete(run_id);
    await inParallel(started, CANCELS_AT_ONCE, async (runId) => {
      try {
        await selvage.getRun(runId).cancel();
      } catch (error) {
        // The run was claimed but never started, or is over and forgotten.
        if (!SelvageError.is(error, 'UnknownRun')) throw error;
      }
    });
  }

  private async makeIt(
    partition: PlannedPartition,
    request: BackfillRequest,
    context: KnotContext,
  ): Promise<BackfilledPartition> {
    const { selvage } = this.open;
    const { key, running, heldBy, after } = partition;
    if (running !== undefined)
      return { ...(await this.end(key, selvage.getRun(running), context)), awaited: true };
    if (heldBy !== undefined) return held(key, heldBy);
    if (after && (await this.endOf(after, context)) !== 'ok') return held(key, after.key);
    for (let { n } = partition; ; n += 1) {
      context.signal.throwIfAborted();
      const found = await this.startRun(partition, n, request, context);
      if (found === 'over') continue;
      const end = await this.end(key, found.run, context);
      return found.isOwn ? end : { ...end, awaited: true };
    }
  }

  /** `over`: the run of this number had ended when the partition was chosen. */
  private async startRun(
    { key, since }: PlannedPartition,
    n: number,
    request: BackfillRequest,
    { runId: backfill, signal }: KnotContext,
  ): Promise<{ readonly run: RunHandle; readonly isOwn: boolean } | 'over'> {
    const { selvage, claims, marks, environment } = this.open;
    const { runHistory } = environment.backends;
    const entryKey = { trigger: ledgerTrigger(request.tapestry), key: numberedKey(key, n) };
    const [claim] = (await claims.call([
      {
        ...entryKey,
        runId: partitionRunId(request.tapestry, key, n),
        requestHash: null,
        event: { backfill },
      },
    ])) as [ClaimResult];
    const { inserted, entry } = claim;
    const { runId } = entry;
    const isOwn = entry.event['backfill'] === backfill;
    const run = selvage.getRun(runId);
    const isOver = async (): Promise<boolean> => {
      const record = await runHistory.getRun(runId);
      if (record) return record.status !== 'running' && record.finished_at! < since;
      // Without a record, the run has not begun yet, or was pruned and forgotten by the server, too.
      return !(await this.isOnServer(runId));
    };
    if (!inserted && entry.startedAt !== null) return (await isOver()) ? 'over' : { run, isOwn };
    try {
      await this.start(runId, key, request, { backfill, isNew: inserted });
    } catch (error) {
      if (!SelvageError.is(error, 'RunIdInUse')) throw error;
      await marks.call([entryKey]);
      return (await isOver()) ? 'over' : { run, isOwn: isOwn && !inserted };
    }
    await marks.call([entryKey]);
    // A cancel that arrived meanwhile may have missed the new run.
    if (signal.aborted && isCancel(signal)) await run.cancel();
    return { run, isOwn };
  }

  private async start(
    runId: string,
    key: string,
    request: BackfillRequest,
    { backfill, isNew }: { readonly backfill: string; readonly isNew: boolean },
  ): Promise<void> {
    const { selvage, taskQueue } = this.open;
    const { run } = await this.knownOf(backfill);
    await selvage.starter.startPlan(
      await this.planOf(request),
      { ...request.parameters, partition: key },
      {
        runId,
        isNew,
        taskQueue: request.queue ?? taskQueue,
        trigger: triggerOfBackfill(backfill),
        event: { backfill },
        partition: key,
        ...(run?.actor && { actor: run.actor }),
        ...(run?.vcs_commit && { vcsCommit: run.vcs_commit }),
      },
    );
  }

  private async isOnServer(runId: string): Promise<boolean> {
    try {
      await this.open.selvage.getRun(runId).describe();
      return true;
    } catch (error) {
      if (SelvageError.is(error, 'RunOver')) return true;
      if (SelvageError.is(error, 'UnknownRun')) return false;
      throw error;
    }
  }

  /** Waits for the run in a slot of the worker if one is free. */
  private async end(key: string, run: RunHandle, context: KnotContext): Promise<BackfilledPartition> {
    const { runHistory } = this.open.environment.backends;
    const { runId } = run;
    const record = await this.inSlot(
      () => unlessLost(run.end(), context.signal),
      async () => {
        const seen = await runHistory.getRun(runId);
        return seen && seen.status !== 'running' ? seen : undefined;
      },
      `Run "${runId}" of partition ${key} is under way`,
    );
    if (record.status === 'succeeded') return { key, state: 'ok', runId };
    const state = record.status === 'cancelled' ? 'cancelled' : 'failed';
    return { key, state, runId, reason: await this.reasonOf(record) };
  }

  private async endOf(
    { key, place }: NonNullable<PlannedPartition['after']>,
    { runId: backfill, signal }: KnotContext,
  ): Promise<BackfilledPartition['state']> {
    const { environment } = this.open;
    const { backends } = environment;
    const { run, ended, waiting } = await this.knownOf(backfill);
    const look = async (): Promise<BackfilledPartition['state'] | undefined> => {
      const here = ended.get(key);
      if (here || !run) return here;
      const id = `${PARTITIONS_KNOT}[${place}]`;
      const records = await backends.runHistory.getRecords(run.temporal_run_id, [id]);
      if (records[0]?.outcome !== 'ok') return records[0] && 'failed';
      return ((await readValues(backends, records)).get(id) as BackfilledPartition).state;
    };
    const wait = async (): Promise<BackfilledPartition['state']> => {
      for (;;) {
        const state = await look();
        if (state) return state;
        const told = new Promise<void>((resolve) => waiting.set(key, resolve));
        await unlessLost(Promise.race([told, delay(LOOK_AGAIN_MS)]), signal);
      }
    };
    return await this.inSlot(wait, look, `Partition ${key} comes first`);
  }

  /** Waits if the worker has a free slot; otherwise checks now, and again later. */
  private async inSlot<T>(
    wait: () => Promise<T>,
    look: () => Promise<T | undefined>,
    waitsFor: string,
  ): Promise<T> {
    if (this.places === 0) {
      const seen = await look();
      if (seen !== undefined) return seen;
      throw new Retryable(`${waitsFor}; this worker has no slot to wait in, and looks again.`, {
        after: LOOK_AGAIN_MS,
      });
    }
    this.places -= 1;
    try {
      return await wait();
    } finally {
      this.places += 1;
    }
  }

  private async reasonOf({ status, details, temporal_run_id }: RunRecord): Promise<string> {
    const { error } = details as { error?: { type: string; message: string } };
    if (error) return `${error.type}: ${error.message}`;
    const { runHistory } = this.open.environment.backends;
    const { items } = await runHistory.findLineage({
      temporalRunId: temporal_run_id,
      outcome: 'err',
      limit: 1,
    });
    const failed = items[0]?.extra as { error?: { type: string; message: string } } | undefined;
    return failed?.error
      ? `knot "${items[0]!.knot_id}": ${failed.error.type}: ${failed.error.message}`
      : `the run was ${status}`;
  }

  private tapestryOf({ tapestry }: BackfillRequest): TapestryRecord {
    const { registry } = this.open.environment;
    const record = registry.tapestry(tapestry);
    if (record) return record;
    throw new SelvageError(
      'UnknownTapestry',
      `The worker of this backfill has no tapestry "${tapestry}"; it has ${registry.tapestryNames.join(', ')}. Let a worker that has it poll the ` +
        'task queue of the backfill.',
      { details: { tapestry } },
    );
  }

  private async planOf(request: BackfillRequest): Promise<LoadedPlan> {
    const { environment } = this.open;
    const { registry, plans } = environment;
    return await plans.get(request.plan ?? registry.plan(this.tapestryOf(request)).hash);
  }

  private knownOf(backfill: string): Promise<KnownBackfill> {
    let known = this.known.get(backfill);
    if (!known) {
      const { runHistory } = this.open.environment.backends;
      known = runHistory.getRun(backfill).then((run) => ({ run, ended: new Map(), waiting: new Map() }));
      known.catch(() => this.known.delete(backfill));
      if (this.known.size >= REMEMBERED) this.known.delete(this.known.keys().next().value!);
      this.known.set(backfill, known);
    }
    return known;
  }

  private get open(): Open {
    if (!this.surroundings)
      throw new Error('A backfill ran before its worker was started: run it by worker.run() or runUntil().');
    return this.surroundings;
  }
}

/** A schedule's key is its planned time. */
function plannedTime(run: RunRecord | undefined): { readonly planned?: number } {
  const planned = run?.trigger?.startsWith('schedule:') ? Date.parse(run.trigger_key ?? '') : Number.NaN;
  return Number.isNaN(planned) ? {} : { planned };
}

const CLOCKS_DIFFER_MS = 60_000;

function ledgerTrigger(tapestry: string): string {
  return `partition:${tapestry}`;
}

function held(key: string, by: string): BackfilledPartition {
  return { key, state: 'held', reason: `partition ${by} comes before it and is not ok` };
}

/** Whether the signal tells a cancel, not a worker's shutdown, which also aborts bodies. */
function isCancel({ reason }: AbortSignal): boolean {
  return reason instanceof Error && reason.message === 'CANCELLED';
}
