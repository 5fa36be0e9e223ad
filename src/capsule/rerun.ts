import { createInMemoryBackends } from '../backends/in-memory';
import { encodedOfStored, failedOutcomeOf, freshCopy, valueOfRecord, decodeStored } from '../runtime';
import { runLocally } from '../in-process/run-locally';
import type { LoggerLike } from '../authoring/knot-context';
import { PARTITION } from '../authoring/partition-parameter';
import type { KnotBody } from '../authoring/records';
import type { Backends, LineageRecord, RunRecord } from '../ports';
import { withNestedRuns } from '../records/retention/values-of-run';
import { withSubject } from '../encryption/run-scope';
import { subjectOf } from '../encryption/seal-backends';
import type { AnyTapestry } from '../authoring';
import { Reproducer } from './reproduce';
import type { RecordedRun } from './recorded-run';
import type { Reproduction } from './reproduction';

export interface RerunOptions {
  /** `ctx.resources` of the bodies. Default: empty. */
  readonly resources?: Readonly<Record<string, unknown>>;
  readonly logger?: LoggerLike;
  /** As in `runLocally`. */
  readonly replace?: Readonly<Record<string, KnotBody>>;
}

/**
 * Repeats a whole run in this process with the recorded parameters and signals. Compares the results of knots, also
 * of child runs, in the order in which they ended.
 *
 * @throws SelvageError the reason why a parameter or a signal is unavailable; any of `runLocally`
 */
export async function* rerun(
  backends: Backends,
  run: RunRecord,
  tapestry: AnyTapestry,
  options: RerunOptions = {},
): AsyncGenerator<Reproduction> {
  const reproducer = new Reproducer(backends, [tapestry], options);
  const recorded = await reproducer.recorded(run);
  const again = createInMemoryBackends();
  const runs = await withNestedRuns(backends, run);
  await runLocally(tapestry, await parametersOf(recorded), {
    ...options,
    backends: again,
    runId: run.run_id,
    terminals: Object.keys(run.terminals),
    signals: await signalsOf(backends, runs, reproducer),
  });
  for (const one of runs) yield* compareRun(await reproducer.recorded(one), one, again);
}

async function* compareRun(
  recorded: RecordedRun,
  run: RunRecord,
  again: Backends,
): AsyncGenerator<Reproduction> {
  const now = await again.runHistory.getRun(run.run_id);
  const records = now ? await again.runHistory.getRecords(now.temporal_run_id) : [];
  const byId = new Map(records.map((record) => [record.knot_id, record]));
  const inOrder = [...recorded.records.values()].sort((one, other) => one.finished_at - other.finished_at);
  for (const record of inOrder) {
    const other = byId.get(record.knot_id);
    if (other) yield await recorded.compare(record, await outcomeOf(other, again));
    else
      yield {
        runId: run.run_id,
        knotId: record.knot_id,
        verdict: 'outcome',
        explanation: 'it is not among the knots that ran',
      };
  }
}

async function outcomeOf(
  record: LineageRecord,
  { dataStore }: Backends,
): Promise<Parameters<RecordedRun['compare']>[1]> {
  const failed = failedOutcomeOf(record);
  // Only children see "skipped because optional", which is no knot's own outcome.
  if (failed) return failed as Parameters<RecordedRun['compare']>[1];
  const value = valueOfRecord(record);
  const bytes = value.stored === undefined ? await dataStore.get(value.hash) : undefined;
  return { kind: 'ok', value: { ...value, ...(bytes && { encoded: encodedOfStored(value.hash, bytes) }) } };
}

async function parametersOf(recorded: RecordedRun): Promise<Record<string, unknown>> {
  const { run, records } = recorded;
  const parameters: Record<string, unknown> = {};
  for (const record of records.values()) {
    if (record.definition !== 'parameter') continue;
    const name = record.knot_id.slice('param:'.length);
    // A partition is given by its key, as the output of its schema is not the schema's input.
    parameters[name] =
      name === PARTITION && run.partition !== null
        ? run.partition
        : freshCopy(await withSubject(subjectOf(run), () => recorded.valueOf(record)));
  }
  return parameters;
}

/** The signals of runs by name: for each, a function from a knot's id to the payload that the knot took. */
async function signalsOf(
  { dataStore }: Backends,
  runs: readonly RunRecord[],
  reproducer: Reproducer,
): Promise<Record<string, unknown>> {
  const payloads = new Map<string, Map<string, unknown>>();
  for (const run of runs) {
    const { plan, records } = await reproducer.recorded(run);
    for (const { id, policy } of plan.plan.knots) {
      const signal = policy.wait?.signal;
      const record = records.get(id);
      if (signal === undefined || record?.outcome !== 'ok' || record.output_hash === null) continue;
      const { payload = record.output_hash } = record.extra as { payload?: string };
      const bytes = await withSubject(subjectOf(run), () => dataStore.get(payload));
      if (!bytes) continue;
      const ofSignal = payloads.get(signal) ?? new Map<string, unknown>();
      payloads.set(signal, ofSignal.set(id, decodeStored(payload, bytes)));
    }
  }
  return Object.fromEntries(
    [...payloads].map(([signal, byKnot]) => [signal, (knot: string) => byKnot.get(knot)]),
  );
}
