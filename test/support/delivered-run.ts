import type { DeliveryContext, RunEvent } from '../../src/emitters';
import type { Backends } from '../../src/ports';
import { everyItem } from '../../src/ports/parts/every-item';

/** The events of an ended run for an emitter, in the order of the run's records. */
export async function eventsOfRun({ runHistory }: Backends, runId: string): Promise<RunEvent[]> {
  const run = await runHistory.getRun(runId);
  if (!run) throw new Error(`no record of run ${runId}`);
  const id = run.temporal_run_id;
  const events: RunEvent[] = [{ type: 'run-started', id: `${id}/started`, at: run.started_at, run }];
  const records = [];
  for await (const record of everyItem((page) => runHistory.findLineage({ temporalRunId: id, ...page })))
    records.push(record);
  for (const record of records.reverse().sort((a, b) => a.finished_at - b.finished_at)) {
    const { knot_id: knot, finished_at: at } = record;
    events.push({ type: 'knot-finished', id: `${id}/${knot}/finished`, at, run, record });
  }
  if (run.finished_at !== null)
    events.push({ type: 'run-ended', id: `${id}/ended/${run.status}`, at: run.finished_at, run });
  return events;
}

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A context for the `deliver` of an emitter that is tested alone. */
export function deliveryContext(more: Partial<DeliveryContext> = {}): DeliveryContext {
  return {
    signal: new AbortController().signal,
    logger: SILENT,
    attempt: 0,
    value: () => Promise.reject(new Error('no values here')),
    records: () => Promise.reject(new Error('no records here')),
    ...more,
  };
}
