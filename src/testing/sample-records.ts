import { nodeSha256 } from '../node/node-sha256';
import type { LineageRecord, RunRecord, StoredPlan, StoredValue } from '../ports';

export function sampleHash(name: string): string {
  return `sha256:${nodeSha256(name)}`;
}

export function sampleValue(text: string): StoredValue {
  return { hash: sampleHash(text), bytes: new TextEncoder().encode(text) };
}

export function sampleLineage(changes: Partial<LineageRecord> = {}): LineageRecord {
  return {
    run_id: 'run-1',
    temporal_run_id: 'temporal-run-1',
    knot_id: 'double',
    definition: 'double',
    definition_version: null,
    code_hash: sampleHash('code'),
    knot_config_hash: sampleHash('config'),
    parent_input_hashes: { x: sampleHash('5'), missing: null },
    constant_input_hashes: { factor: sampleHash('2') },
    parent_knot_ids: { x: 'param:x', missing: 'skipped' },
    output_hash: sampleHash('10'),
    output_size: 2,
    outcome: 'ok',
    skip_reason: null,
    error_record_id: null,
    cached_from_run: null,
    cache_key: null,
    dispatcher: 'queue',
    task_queue: 'selvage',
    worker: '1@host',
    attempt: 1,
    scheduled_at: 1_700_000_000_000,
    started_at: 1_700_000_000_001,
    finished_at: 1_700_000_000_002,
    extra: {},
    ...changes,
  };
}

export function sampleRun(changes: Partial<RunRecord> = {}): RunRecord {
  return {
    run_id: 'run-1',
    temporal_run_id: 'temporal-run-1',
    tapestry: 'quickstart',
    plan_hash: sampleHash('plan'),
    parameter_hashes: { x: sampleHash('5') },
    terminals: { answer: 'double' },
    status: 'running',
    actor: 'somebody',
    trigger: 'code',
    trigger_key: null,
    partition: null,
    tags: ['nightly', 'tést'],
    vcs_commit: 'abc123',
    parent_run_id: null,
    started_at: 1_700_000_000_000,
    finished_at: null,
    details: { node: '20.3.0' },
    ...changes,
  };
}

export function samplePlan(changes: Partial<StoredPlan> = {}): StoredPlan {
  const text = changes.text ?? '{"format":1}';
  return { hash: sampleHash(text), tapestry: 'quickstart', text, savedAt: 1_700_000_000_000, ...changes };
}
