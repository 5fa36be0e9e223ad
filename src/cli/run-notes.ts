import type { Plan } from '../engine';
import { madeIn } from '../execution';
import { mapOfElement } from '../lineage';
import { readKnots } from '../client/read-run';
import type { Backends, LineageRecord, RunRecord } from '../protocols';

/** Facts about a run that its outcomes do not tell. */
export interface RunNotes {
  /** Maps that are Ok although elements of them failed. `onError`: whether these were left out, or are in the value as outcomes. */
  readonly failedElements: readonly {
    readonly knot: string;
    readonly failed: number;
    readonly count: number;
    readonly onError: 'skip' | 'collect';
  }[];
  /** What was not run because its value was there, and how many milliseconds it took to make that. Absent: nothing. */
  readonly reused?: { readonly knots: number; readonly elements: number; readonly savedMs: number };
}

export const NO_NOTES: RunNotes = { failedElements: [] };

/** @throws SelvageError `InvalidPlan`, `BackendUnavailable` */
export async function readNotes(backends: Backends, run: RunRecord): Promise<RunNotes> {
  const { plan, records } = await readKnots(backends, run);
  return notesOf(plan, records);
}

/** @param records of the run; those of elements are passed by */
function notesOf(plan: Plan, records: readonly LineageRecord[]): RunNotes {
  const failedElements: RunNotes['failedElements'][number][] = [];
  let [knots, elements, savedMs] = [0, 0, 0];
  const onErrors = new Map(plan.knots.map(({ id, policy }) => [id, policy.map?.onError]));
  for (const record of records) {
    if (record.knot_class === 'parameter' || mapOfElement(record.knot_id) !== undefined) continue;
    const { elements: of } = record.extra as {
      elements?: { count: number; failed: number; reused?: number; saved?: number };
    };
    const onError = onErrors.get(record.knot_id);
    if (of && of.failed > 0 && onError && record.outcome === 'ok')
      failedElements.push({ knot: record.knot_id, failed: of.failed, count: of.count, onError });
    if (record.cached_from_run === null) {
      elements += of?.reused ?? 0;
      savedMs += of?.saved ?? 0;
    } else {
      knots += 1;
      savedMs += madeIn(record) ?? 0;
    }
  }
  return { failedElements, ...(knots + elements > 0 && { reused: { knots, elements, savedMs } }) };
}
