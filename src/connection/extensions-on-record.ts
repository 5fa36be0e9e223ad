import { nodeSha256 } from '../backends';
import { extend, isExtendedBy } from '../plan';
import { SelvageError, isBackendTrouble } from '../errors';
import { LoadedPlan, decodeFragment, valueMissing } from '../runtime';
import type { Backends, LineageRecord, RunRecord } from '../ports';

/**
 * The plan of an ended run with all extensions on record: a run that was cut short may not have applied one.
 *
 * @param from ids of knots that run again, whose extensions do not count
 * @throws SelvageError `NotResumable` if an extension cannot be added; `BackendUnavailable`
 */
export async function extensionsOnRecord(
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
      `Run "${run}" cannot be gone on from as it is: what its knot "${knot}" has extended it by cannot be added (${error.code}: ${error.message}). ` +
        `Run that knot again: \`from: ['${knot}']\`.`,
      { details: { run, knot }, cause: error },
    );
  }
}
