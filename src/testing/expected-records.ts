import type { LineageQuery, LineageRecord } from '../ports';

/** The reference for queries of a history. */
export function matches(record: LineageRecord, query: LineageQuery): boolean {
  const inputs = [
    ...Object.values(record.parent_input_hashes),
    ...Object.values(record.constant_input_hashes),
  ];
  return (
    isAsked(query.runId, record.run_id) &&
    isAsked(query.temporalRunId, record.temporal_run_id) &&
    isAsked(query.knotId, record.knot_id) &&
    (query.map === undefined || record.knot_id.startsWith(`${query.map}[`)) &&
    isAsked(query.definition, record.definition) &&
    isAsked(query.outputHash, record.output_hash) &&
    isAsked(query.outcome, record.outcome) &&
    (query.inputHash === undefined || inputs.includes(query.inputHash)) &&
    record.finished_at >= (query.since ?? -Infinity) &&
    record.finished_at < (query.until ?? Infinity)
  );
}

export function isAsked(asked: string | undefined, value: string | null): boolean {
  return asked === undefined || value === asked;
}

export function keys(records: readonly LineageRecord[]): string[] {
  return records.map((record) => `${record.temporal_run_id}/${record.knot_id}`).sort();
}

export function byKnot(records: readonly LineageRecord[]): LineageRecord[] {
  const key = (record: LineageRecord): string => `${record.temporal_run_id}/${record.knot_id}`;
  return [...records].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
