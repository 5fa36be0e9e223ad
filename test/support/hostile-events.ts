import type { RunEvent } from '../../src';
import { sampleLineage, sampleRun } from '../../src/testing/sample-records';

/** Ends texts of C and lines, colours and clears a terminal, also by C1, reverses what follows, and ends quotations. */
export const HOSTILE = 'a\u0000b\r\n\u001b[2J\u009b31m\u202egnp.exe"\'\\<script>';

/** Events of a run in which all that a caller or a body can name is hostile. */
export function hostileEvents(): RunEvent[] {
  const of = { run_id: `run-${HOSTILE}`, temporal_run_id: `t-${HOSTILE}` };
  const run = sampleRun({
    ...of,
    tapestry: `tapestry-${HOSTILE}`,
    status: 'failed',
    actor: HOSTILE,
    trigger: HOSTILE,
    trigger_key: HOSTILE,
    partition: HOSTILE,
    tags: [HOSTILE],
    vcs_commit: HOSTILE,
    terminals: { [HOSTILE]: `knot-${HOSTILE}` },
    finished_at: 1_700_000_000_900,
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
