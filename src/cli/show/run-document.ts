import { encodeJson, type Json } from '../../values';
import type { ServerLocation } from '../../client';
import type { Outcome, RunResult } from '../../authoring/outcome';
import type { RunNotes } from './run-notes';

/** `outputs` has the values. */
type OutcomeDocument = { readonly kind: 'ok' } | Exclude<Outcome, { kind: 'ok' }>;

/** JSON of `selvage run --json`, and of `selvage runs show --json` for a finished run; see `docs/cli.md`. */
interface RunDocument extends Pick<RunResult, 'runId' | 'status' | 'succeeded' | 'error' | 'changedCode'> {
  readonly tapestry: string;
  readonly counts: { readonly ok: number; readonly err: number; readonly skipped: number };
  readonly values: Readonly<Record<string, Json>>;
  readonly outputs: Readonly<Record<string, Json>>;
  readonly outcomes: Readonly<Record<string, OutcomeDocument>>;
  readonly lineage: { readonly location: string; readonly command: string };
  /** Maps that are Ok although elements failed; absent without such maps. */
  readonly failedElements?: RunNotes['failedElements'];
  /** Counts of reused knots; absent if nothing was reused. */
  readonly reused?: RunNotes['reused'];
  /** The server; absent if it is away. */
  readonly server?: ServerLocation;
  /** Why `values` and `outputs` are incomplete: values are gone, or their data store is away. */
  readonly unreadable?: { readonly code: string; readonly message: string };
}

export function runDocument(
  result: RunResult,
  surroundings: Pick<RunDocument, 'tapestry' | 'lineage' | 'server' | 'unreadable'> & {
    readonly notes: RunNotes;
  },
): RunDocument {
  const { runId, status, succeeded, values, outputs, outcomes, error, changedCode } = result;
  const { tapestry, lineage, server, unreadable, notes } = surroundings;
  return {
    runId,
    tapestry,
    status,
    succeeded,
    error,
    changedCode,
    counts: countOutcomes(outcomes),
    values: encodeEach(values),
    outputs: encodeEach(outputs),
    outcomes: mapValues(outcomes, (outcome) => (outcome.kind === 'ok' ? { kind: outcome.kind } : outcome)),
    ...(notes.failedElements.length > 0 && { failedElements: notes.failedElements }),
    reused: notes.reused,
    lineage,
    server,
    unreadable: unreadable && { code: unreadable.code, message: unreadable.message },
  };
}

export function countOutcomes(outcomes: Readonly<Record<string, Outcome>>): RunDocument['counts'] {
  const counts = { ok: 0, err: 0, skipped: 0 };
  for (const { kind } of Object.values(outcomes)) counts[kind] += 1;
  return counts;
}

/** Values that JSON cannot express (dates, bytes, `NaN`, …) get their stored, tagged form. */
function encodeEach(values: Readonly<Record<string, unknown>>): Record<string, Json> {
  return mapValues(values, encodeJson);
}

function mapValues<V, W>(values: Readonly<Record<string, V>>, change: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}
