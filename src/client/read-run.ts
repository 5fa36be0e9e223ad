import { decodeStored, LoadedPlan, storedReference, valueMissing } from '../execution';
import type { Outcome, RunResult, Skipped } from '../model/outcome';
import type { Backends, ExceptionRecord, LineageRecord, RunRecord } from '../protocols';
import { SelvageError } from '../errors';

/** Which values a result carries: of all knots, of the terminals only, or none. */
export type WantedOutputs = 'all' | 'terminals' | 'none';

/**
 * A run as the backends have it. Of a run that is not over, the outcomes so far.
 *
 * @throws SelvageError `ValueMissing`, `ValueDamaged`, `InvalidPlan`, `BackendUnavailable`
 */
export async function readResult<Values>(
  backends: Backends,
  run: RunRecord,
  outputs: WantedOutputs = 'all',
): Promise<RunResult<Values>> {
  const plan = await readPlanOf(backends, run);
  const records = new Map(
    (await backends.runHistory.getRecords(run.temporal_run_id)).map((record) => [record.knot_id, record]),
  );
  const inOrder = plan.plan.knots.flatMap(({ id }) => records.get(id) ?? []);
  const terminalIds = new Set(Object.values(run.terminals));
  const wanted = inOrder.filter(
    (record) =>
      record.outcome === 'ok' &&
      (outputs === 'all' || (outputs === 'terminals' && terminalIds.has(record.knot_id))),
  );
  const values = await readValues(backends, wanted);
  const outcomes: Record<string, Outcome> = {};
  const outputsById: Record<string, unknown> = {};
  for (const record of inOrder) {
    outcomes[record.knot_id] = outcomeOf(record, values);
    if (values.has(record.knot_id)) outputsById[record.knot_id] = values.get(record.knot_id);
  }
  const { error } = run.environment as { error?: { type: string; message: string } };
  return {
    runId: run.run_id,
    status: run.status,
    succeeded: run.status === 'succeeded',
    outputs: outputsById,
    outcomes,
    values: byTerminal(run, values) as Partial<Values>,
    ...(error && { error }),
  };
}

/**
 * The values of a run's terminals, by their names, without a look at its other knots. Terminals without a value are left out.
 *
 * @throws SelvageError `ValueMissing`, `ValueDamaged`, `BackendUnavailable`
 */
export async function readTerminals<Values>(backends: Backends, run: RunRecord): Promise<Partial<Values>> {
  const ids = [...new Set(Object.values(run.terminals))];
  const records = await backends.runHistory.getRecords(run.temporal_run_id, ids);
  const values = await readValues(
    backends,
    records.filter(({ outcome }) => outcome === 'ok'),
  );
  return byTerminal(run, values) as Partial<Values>;
}

function byTerminal({ terminals }: RunRecord, values: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const byName: Record<string, unknown> = {};
  for (const [name, id] of Object.entries(terminals)) if (values.has(id)) byName[name] = values.get(id);
  return byName;
}

export async function readPlanOf(
  backends: Backends,
  run: Pick<RunRecord, 'plan_hash' | 'run_id'>,
): Promise<LoadedPlan> {
  const stored = await backends.tapestryStore.get(run.plan_hash);
  if (!stored) {
    throw new SelvageError(
      'InvalidPlan',
      `Plan ${run.plan_hash} of run "${run.run_id}" is not in the tapestry store (${backends.tapestryStore.technology}).`,
      { details: { run: run.run_id, plan: run.plan_hash } },
    );
  }
  return LoadedPlan.parse(stored.text, run.plan_hash);
}

export async function readValues(
  backends: Backends,
  records: readonly LineageRecord[],
): Promise<Map<string, unknown>> {
  const stored = (record: LineageRecord): string | undefined => (record.extra as { stored?: string }).stored;
  const hashes = new Set(
    records.filter((record) => stored(record) === undefined).map((record) => record.output_hash!),
  );
  const bytes =
    hashes.size > 0 ? await backends.dataStore.getMany([...hashes]) : new Map<string, Uint8Array>();
  return new Map(
    records.map((record) => {
      const hash = record.output_hash!;
      const media = stored(record);
      if (media !== undefined) {
        return [record.knot_id, storedReference({ hash, size: record.output_size!, stored: media })];
      }
      const found = bytes.get(hash);
      if (!found) throw valueMissing(hash, record.knot_id);
      return [record.knot_id, decodeStored(hash, found)];
    }),
  );
}

function outcomeOf(record: LineageRecord, values: ReadonlyMap<string, unknown>): Outcome {
  const extra = record.extra as { error?: ExceptionRecord; skip?: Skipped['detail'] };
  if (record.outcome === 'ok') return { kind: 'ok', value: values.get(record.knot_id) };
  if (record.outcome === 'err') return { kind: 'err', error: extra.error! };
  return { kind: 'skipped', reason: record.skip_reason!, ...(extra.skip && { detail: extra.skip }) };
}
