import { createRequire } from 'node:module';
import type { LineageRecord } from '../../src/ports';

const built = createRequire(__filename);
const { nodeSha256 } = built('../../lib/backends') as typeof import('../../src/backends');

const CODE = `sha256:${nodeSha256('code')}`;
const CONSTANT = `sha256:${nodeSha256('constant')}`;
let written = 0;

/** So many lineage records as nobody has had before: of knots with one parent and one constant, of one run. */
export function freshRecords(count: number): LineageRecord[] {
  const run = nodeSha256(`run ${process.pid} ${written}`);
  return Array.from({ length: count }, () => recordOf(run, written++));
}

function recordOf(run: string, n: number): LineageRecord {
  return {
    run_id: `nightly-${run.slice(0, 8)}`,
    temporal_run_id: `${run.slice(0, 8)}-${run.slice(8, 12)}-${run.slice(12, 16)}-${run.slice(16, 20)}-${run.slice(20, 32)}`,
    knot_id: `knot-${n}`,
    definition: `class-${n % 20}`,
    definition_version: null,
    code_hash: CODE,
    knot_config_hash: CODE,
    parent_input_hashes: { x: `sha256:${nodeSha256(`value ${run} ${n}`)}` },
    constant_input_hashes: { factor: CONSTANT },
    parent_knot_ids: { x: `knot-${n - 1}` },
    output_hash: `sha256:${nodeSha256(`value ${run} ${n + 1}`)}`,
    output_size: 100,
    outcome: 'ok',
    skip_reason: null,
    error_record_id: null,
    cached_from_run: null,
    cache_key: null,
    dispatcher: 'queue',
    task_queue: 'selvage',
    worker: '1@host',
    attempt: 1,
    scheduled_at: Date.now(),
    started_at: Date.now() + 0.25,
    finished_at: Date.now() + 0.75,
    extra: {},
  };
}
