import { SelvageError } from '../errors';
import { startsRuns, type Backends } from '../ports';
import { everyItem } from '../ports/parts/every-item';
import { missingValues, type MissingValues } from '../records/retention';
import type { Connected } from '../connection/connect';
import type { Selvage } from './selvage';
import { unreachable } from '../connection/connection-errors';
import { ifThere } from '../connection/executions';
import { settleRunning } from '../connection/settle-runs';
import { workflowsSince, type RunningWorkflow } from '../connection/running-workflows';
import { memoOf } from '../connection/unbegun-run';

/** The longest time, before the newest change, that a run is assumed to have waited for its first step. */
const MARGIN_MS = 60 * 60_000;

/** Differences found after backends were restored, and repairs. */
export interface RestoredState {
  /** Time of the newest recorded change; null if there is none. */
  readonly newestAt: number | null;
  /** Runs recorded as running that the server does not have: their records were ended. */
  readonly ended: readonly string[];
  /** Runs recorded as running that had ended on the server, and now have that record. */
  readonly completed: readonly string[];
  /** Runs that only the server had, on record again. Ended runs have what is left of their records. */
  readonly restored: readonly string[];
  /** Number of runs that go on, on the server and on record, and find by themselves what they lack. */
  readonly open: number;
  /** Runs that the server has and that could not be recorded. Unfinished runs record themselves. */
  readonly unknown: readonly {
    readonly runId: string;
    readonly temporalRunId: string;
    readonly open: boolean;
  }[];
  readonly missing: MissingValues;
  /** Events whose run is marked as started, but exists nowhere. Repeated events of this kind start nothing. */
  readonly lostEvents: readonly { readonly trigger: string; readonly key: string; readonly runId: string }[];
  /** Emitters without a valid cursor, which restart an hour before the end, so that some events come twice. */
  readonly rewoundEmitters: readonly string[];
}

/**
 * Compares backends with the server after either was restored from a backup. Settles records of ended runs,
 * and restores records of runs that only the server has; reports all else.
 *
 * @throws SelvageError `ServerUnreachable`, `BackendUnavailable`
 */
export async function examineRestored(selvage: Selvage): Promise<RestoredState> {
  const { client, backends, location } = selvage;
  try {
    const before = await running(backends);
    await settleRunning(backends, client.workflow);
    const newestAt = await newestOf(backends);
    const found = await unknownRuns({ client, backends }, newestAt ?? 0);
    const unknown = [];
    const restored: string[] = [];
    for (const run of found) {
      // Put the run on record again, if it has ended and the server still has it.
      await selvage
        .getRun(run.runId)
        .records.settle()
        .catch(() => undefined);
      if (await backends.runHistory.getRun(run.runId)) restored.push(run.runId);
      else unknown.push(run);
    }
    const after = await running(backends);
    return {
      newestAt,
      ...(await endsOf(
        backends,
        [...before].filter((id) => !after.has(id)),
      )),
      restored,
      open: after.size,
      unknown,
      missing: await missingValues(backends),
      lostEvents: await lostStarts({ client, backends }, newestAt ?? 0),
      rewoundEmitters: await rewoundEmitters(backends),
    };
  } catch (error) {
    throw unreachable(error, location.address);
  }
}

/** Sorts settled runs: terminated or unknown on the server, and others. */
async function endsOf(
  { runHistory }: Backends,
  ids: readonly string[],
): Promise<Pick<RestoredState, 'ended' | 'completed'>> {
  const [ended, completed]: [string[], string[]] = [[], []];
  for (const id of ids) {
    const run = await runHistory.getRun(id);
    (run && run.status !== 'terminated' ? completed : ended).push(id);
  }
  return { ended, completed };
}

async function running({ runHistory }: Backends): Promise<Set<string>> {
  const ids = new Set<string>();
  for await (const run of everyItem((page) => runHistory.listRuns({ status: 'running', ...page })))
    ids.add(run.run_id);
  return ids;
}

async function newestOf({ runHistory }: Backends): Promise<number | null> {
  const [{ items: records }, { items: runs }] = await Promise.all([
    runHistory.findLineage({ limit: 1 }),
    runHistory.listRuns({ limit: 1 }),
  ]);
  const times = [records[0]?.finished_at, runs[0]?.started_at].filter((time) => time !== undefined);
  return times.length === 0 ? null : Math.max(...times);
}

async function unknownRuns(
  { client, backends }: Pick<Connected, 'client' | 'backends'>,
  newest: number,
): Promise<RestoredState['unknown']> {
  const { runHistory } = backends;
  const identity = await runHistory.identity();
  const unknown: { runId: string; temporalRunId: string; open: boolean }[] = [];
  for await (const found of workflowsSince(client.workflow, newest - MARGIN_MS)) {
    if (!found.hasMemo) continue;
    if (await runHistory.getRun(found.workflowId)) continue;
    if (await isOf(client.workflow, found, identity))
      unknown.push({ runId: found.workflowId, temporalRunId: found.runId, open: found.isOpen });
  }
  return unknown;
}

/** Runs that knots started are reported by their parents. */
async function isOf(
  client: Connected['client']['workflow'],
  { workflowId, runId }: RunningWorkflow,
  identity: string,
): Promise<boolean> {
  try {
    return memoOf(await client.getHandle(workflowId, runId).describe()).backends?.history === identity;
  } catch {
    // The run is gone, or another team has sealed its memo.
    return false;
  }
}

/** Checks starts near the newest recorded change, and later. */
async function lostStarts(
  { client, backends }: Pick<Connected, 'client' | 'backends'>,
  newest: number,
): Promise<RestoredState['lostEvents']> {
  const lost: { trigger: string; key: string; runId: string }[] = [];
  for await (const { trigger, key, runId, event, claimedAt } of everyItem((page) =>
    backends.startLedger.list({ started: true, ...page }),
  )) {
    if (claimedAt < newest - MARGIN_MS) break;
    // The ledger also has elements of streams that can start no run.
    if (!startsRuns(trigger) || event['refused'] !== undefined) continue;
    if (await backends.runHistory.getRun(runId)) continue;
    const there = await ifThere(client.workflow.getHandle(runId).describe());
    if (!there) lost.push({ trigger, key, runId });
  }
  return lost;
}

async function rewoundEmitters({ runHistory }: Backends): Promise<string[]> {
  const table = runHistory.emitterTableBeside?.();
  if (!table || !runHistory.changes) return [];
  const rewound: string[] = [];
  for (const { name, position } of await table.list()) {
    if (position === null) continue;
    try {
      await runHistory.changes({ after: position, once: true })[Symbol.asyncIterator]().next();
    } catch (error) {
      if (!SelvageError.is(error, 'InvalidCursor')) throw error;
      rewound.push(name);
    }
  }
  return rewound;
}
