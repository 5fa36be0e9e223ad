import { WorkflowNotFoundError } from '@temporalio/client';
import type { WebhookRun, WebhookHost } from '../adapters/webhook';
import { encodeJson, type Json } from '../values';
import type { Selvage } from '../client';
import { unreachable } from '../connection/connection-errors';
import { isAway, SelvageError } from '../errors';
import type { RunRecord } from '../ports';

/** Maximum size of the terminals' values in a response. */
const OUTPUT_BYTES = 1024 * 1024;
const OUTAGE_LIMIT_MS = 2_000;
const SHOWN_FAILURES = 20;

export function webhookRuns(selvage: Selvage): WebhookHost['runs'] {
  return {
    untilOver: (runId, milliseconds, signal) => untilOver(selvage, runId, milliseconds, signal),
    look: async (runId, withOutputs) => {
      const record = await recordOf(selvage, runId);
      if (record === undefined || record === 'running') return record && { status: record };
      return await viewOf(selvage, record, withOutputs);
    },
    signal: async (runId, name, payload, options) =>
      await selvage.getRun(runId).signal(name, payload, options),
  };
}

/** The run is awaited by a single long poll, no longer than the wait. */
async function untilOver(
  { client, location: place }: Selvage,
  runId: string,
  milliseconds: number,
  signal: AbortSignal,
): Promise<boolean> {
  const giveUp = new AbortController();
  const abort = (): void => giveUp.abort();
  const timer = setTimeout(abort, milliseconds);
  signal.addEventListener('abort', abort);
  try {
    if (signal.aborted) return false;
    await client.withAbortSignal(giveUp.signal, () => client.workflow.getHandle(runId).result());
    return true;
  } catch (error) {
    if (giveUp.signal.aborted || error instanceof WorkflowNotFoundError) return false;
    const told = unreachable(error, place.address);
    if (isAway(told)) throw told;
    // A run that failed, was cancelled or terminated is over, too.
    return true;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

/** The run's record, or `running`; undefined for an unknown run. */
async function recordOf(selvage: Selvage, runId: string): Promise<RunRecord | 'running' | undefined> {
  const known = await selvage.backends.runHistory.getRun(runId);
  if (known && known.status !== 'running') return known;
  const run = selvage.getRun(runId);
  try {
    await run.describe();
    return 'running';
  } catch (error) {
    if (SelvageError.is(error, 'UnknownRun')) return undefined;
    if (!SelvageError.is(error, 'RunOver')) throw error;
  }
  const { run: record } = await run.status();
  return record.status === 'running' ? 'running' : record;
}

async function viewOf(selvage: Selvage, record: RunRecord, withOutputs: boolean): Promise<WebhookRun> {
  const { status, run_id: runId, temporal_run_id: temporalRunId, terminals } = record;
  const { runHistory } = selvage.backends;
  const { items: failures } = await runHistory.findLineage({
    temporalRunId,
    outcome: 'err',
    limit: SHOWN_FAILURES,
  });
  const failed = failures.map(({ knot_id: knotId, extra }) => ({
    knotId,
    type: (extra as { error?: { type?: string } }).error?.type ?? 'Error',
  }));
  const view: WebhookRun = { status, ...(failed.length > 0 && { failed }) };
  if (!withOutputs) return view;
  const records = await runHistory.getRecords(temporalRunId, [...new Set(Object.values(terminals))]);
  const bytes = records.reduce((sum, { output_size: size }) => sum + (size ?? 0), 0);
  if (bytes > OUTPUT_BYTES) return { ...view, outputsOmitted: 'TooLarge' };
  try {
    const { values } = await selvage
      .getRun(runId)
      .result({ outputs: 'terminals', outageLimit: OUTAGE_LIMIT_MS });
    const outputs = Object.fromEntries(
      Object.entries(values).map(([name, value]): [string, Json] => [name, encodeJson(value)]),
    );
    return { ...view, outputs };
  } catch (error) {
    // The run is over anyway; its values may be gone, or sealed with a key that this process lacks.
    if (!SelvageError.is(error)) throw error;
    return { ...view, outputsOmitted: 'Unreadable' };
  }
}
