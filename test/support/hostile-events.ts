import type { RunEvent } from '../../src';
import type { RunRecord } from '../../src/ports';
import { sampleLineage, sampleRun } from '../../src/testing/sample-records';

/** Ends C strings, lines and quotations, colours and clears a terminal (also by C1 codes), and reverses text. */
export const HOSTILE = 'a\u0000b\r\n\u001b[2J\u009b31m\u202egnp.exe"\'\\<script>';

/** A failed run with this text in everything that a caller can name. */
export function hostileRun(text: string, changes: Partial<RunRecord>): RunRecord {
  return sampleRun({
    tapestry: `tapestry-${text}`,
    status: 'failed',
    actor: text,
    trigger: text,
    trigger_key: text,
    partition: text,
    tags: [text],
    vcs_commit: text,
    finished_at: 1_700_000_000_900,
    ...changes,
  });
}

/** Events of a run with hostile texts in everything that a caller or a body can name. */
export function hostileEvents(): RunEvent[] {
  const of = { run_id: `run-${HOSTILE}`, temporal_run_id: `t-${HOSTILE}` };
  const run = hostileRun(HOSTILE, {
    ...of,
    terminals: { [HOSTILE]: `knot-${HOSTILE}` },
    details: { [HOSTILE]: HOSTILE, error: { type: HOSTILE, message: HOSTILE } },
  });
  const error = { id: HOSTILE, type: HOSTILE, message: HOSTILE, attempt: 1 };
  const record = sampleLineage({
    ...of,
    knot_id: `knot-${HOSTILE}`,
    definition: HOSTILE,
    parent_input_hashes: { [HOSTILE]: null },
    parent_knot_ids: { [HOSTILE]: HOSTILE },
    output_hash: null,
    outcome: 'err',
    worker: HOSTILE,
    extra: { error },
  });
  const id = run.temporal_run_id;
  return [
    { type: 'run-started', id: `${id}/started`, at: run.started_at, run },
    { type: 'knot-finished', id: `${id}/${record.knot_id}/finished`, at: record.finished_at, run, record },
    { type: 'run-ended', id: `${id}/ended/failed`, at: run.finished_at!, run },
  ];
}
