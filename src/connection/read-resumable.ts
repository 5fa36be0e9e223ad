import type { WorkflowClient } from '@temporalio/client';
import { SelvageError, isBackendTrouble } from '../errors';
import { chosenTerminals, extend, isExtendedBy } from '../plan';
import { readValues, LoadedPlan, decodeFragment, valueMissing } from '../runtime';
import { subjectOf } from '../encryption/seal-backends';
import { withSubject } from '../encryption/run-scope';
import type { Backends, RunRecord, LineageRecord } from '../ports';
import { layoutOfRun, readPlanOf } from './read-run';
import { lookAtRun } from './look-at-run';
import { nodeSha256 } from '../backends';

interface Resumable {
  readonly run: RunRecord;
  readonly plan: LoadedPlan;
  /** By name. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Ids of the terminals; absent for the plan's own. */
  readonly terminals?: readonly string[];
}

/**
 * @param from ids of knots that run again
 * @throws SelvageError `UnknownRun`, `RunNotOver`, `UnknownKnot`, `NotResumable`, `InvalidPlan`,
 * `BackendUnavailable`
 */
export async function readResumable(
  backends: Backends,
  client: WorkflowClient,
  runId: string,
  from: readonly string[] = [],
): Promise<Resumable> {
  const known = await backends.runHistory.getRun(runId);
  if (!known) {
    throw new SelvageError(
      'UnknownRun',
      `The run history (${backends.runHistory.technology}) does not know run "${runId}", so that nothing of it can be taken over. ` +
        '`selvage runs list` shows what there is.',
      { details: { run: runId } },
    );
  }
  const { run } = await lookAtRun(backends, client, known);
  if (run.status === 'running') {
    throw new SelvageError(
      'RunNotOver',
      `Run "${runId}" still works. Wait for its end, or cancel it before it is resumed.`,
      { details: { run: runId } },
    );
  }
  return await withSubject(subjectOf(run), () => readOver(backends, run, from));
}

async function readOver(backends: Backends, run: RunRecord, from: readonly string[]): Promise<Resumable> {
  const { run_id: runId } = run;
  const planOnRecord = await readPlanOf(backends, run);
  const terminals = chosenTerminals(planOnRecord.plan, run.terminals);
  const plan = await extensionsOnRecord(backends, run, planOnRecord, terminals, from);
  for (const id of from) {
    if (plan.knot(id).definition < 0) {
      throw new SelvageError(
        'NotResumable',
        `"${id}" is a parameter of run "${runId}", which a resumed run has as it was. To change it, start a new run.`,
        { details: { run: runId, knot: id } },
      );
    }
  }
  const layout = layoutOfRun(planOnRecord, run);
  return {
    run,
    plan,
    parameters: await parametersOf(backends, run, layout.ids.slice(0, layout.parameterCount)),
    ...(terminals && { terminals }),
  };
}

async function parametersOf(
  backends: Backends,
  run: RunRecord,
  ids: readonly string[],
): Promise<Record<string, unknown>> {
  const records = ids.length > 0 ? await backends.runHistory.getRecords(run.temporal_run_id, ids) : [];
  if (records.length < ids.length) {
    throw Object.keys(run.parameter_hashes).length > 0 || isRefused(run) ? gone(run) : neverBegun(run);
  }
  try {
    const values = await readValues(backends, records);
    return Object.fromEntries(ids.map((id) => [id.slice('param:'.length), values.get(id)]));
  } catch (error) {
    if (SelvageError.is(error, 'ValueMissing')) throw gone(run, error);
    throw error;
  }
}

/** Whether the run ended because its parameters were refused. */
function isRefused(run: RunRecord): boolean {
  return (run.details as { error?: { type: string } }).error?.type === 'InvalidParameters';
}

function neverBegun({ run_id: run }: RunRecord): SelvageError {
  return new SelvageError(
    'NotResumable',
    `Run "${run}" cannot be resumed: it ended before a worker had accepted its parameters. Start a new run.`,
    { details: { run } },
  );
}

function gone(run: RunRecord, cause?: unknown): SelvageError {
  return new SelvageError(
    'NotResumable',
    `Run "${run.run_id}" cannot be resumed: its parameters ${isRefused(run) ? 'were refused' : 'are gone'}. Start a new run.`,
    { details: { run: run.run_id }, cause },
  );
}

/**
 * The plan of an ended run with all extensions on record: a run that was cut short may not have applied one.
 *
 * @param from ids of knots that run again, whose extensions do not count
 * @throws SelvageError `NotResumable` if an extension cannot be added; `BackendUnavailable`
 */
async function extensionsOnRecord(
  backends: Backends,
  run: RunRecord,
  plan: LoadedPlan,
  terminals: readonly string[] | undefined,
  from: readonly string[],
): Promise<LoadedPlan> {
  if (!plan.plan.extensible) return plan;
  const records = await backends.runHistory.getRecords(run.temporal_run_id);
  let extended = plan;
  for (const record of records.sort((one, other) => one.finished_at - other.finished_at)) {
    const { extension: hash } = record.extra as { extension?: string };
    if (hash === undefined || from.includes(record.knot_id) || isExtendedBy(extended.plan, hash)) continue;
    extended = await withExtension(backends, extended, hash, record, terminals);
  }
  return extended;
}

async function withExtension(
  { dataStore, tapestryStore }: Backends,
  { plan }: LoadedPlan,
  hash: string,
  { knot_id: knot, run_id: run }: LineageRecord,
  terminals: readonly string[] | undefined,
): Promise<LoadedPlan> {
  try {
    const bytes = await dataStore.get(hash);
    if (!bytes) throw valueMissing(hash, knot);
    const made = extend(plan, decodeFragment(bytes), {
      hash,
      sha256: nodeSha256,
      terminals,
    });
    await tapestryStore.save({
      hash: made.hash,
      tapestry: plan.tapestry,
      text: made.text,
      savedAt: Date.now(),
    });
    return new LoadedPlan(made.plan, made.hash);
  } catch (error) {
    if (!SelvageError.is(error) || isBackendTrouble(error)) throw error;
    throw new SelvageError(
      'NotResumable',
      `Run "${run}" cannot be resumed as it is: the extension by its knot "${knot}" cannot be added (${error.code}: ${error.message}). ` +
        `Run that knot again: \`from: ['${knot}']\`.`,
      { details: { run, knot }, cause: error },
    );
  }
}
