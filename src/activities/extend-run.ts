import { extend, isExtendedBy, resolveDefinitions } from '../plan';
import { SelvageError } from '../errors';
import { LoadedPlan, decodeFragment } from '../runtime';
import type { Fragment } from '../authoring/fragment';
import type { DataStore, RunHistory } from '../ports';
import type { ExtendRequest, ExtendResult } from '../workflows/messages';
import type { WorkerParts } from './worker-parts';

/** Adds a fragment to the run's plan, saves the plan, and records it for the run. */
export async function extendRun(
  { plans, backends, registry, sha256 }: Pick<WorkerParts, 'backends' | 'plans' | 'registry' | 'sha256'>,
  { plan: hash, fragment, terminals, temporalRunId, by }: ExtendRequest,
): Promise<ExtendResult> {
  const { plan } = await plans.get(hash);
  if (isExtendedBy(plan, fragment)) return { plan: hash, slices: 0, layout: '' };
  const given = await readFragment(backends.dataStore, fragment);
  // The worker that ran the body has resolved the fragment; this worker may have other definitions.
  const resolved =
    by === undefined
      ? resolveDefinitions(given, (name, version) => registry.registered(name, version))
      : given;
  const extended = extend(plan, resolved, { hash: fragment, sha256, ...(terminals && { terminals }) });
  plans.add(extended);
  const slices = await plans.layoutSlices(extended.hash, terminals, hash);
  await backends.tapestryStore.save({
    hash: extended.hash,
    tapestry: plan.tapestry,
    text: extended.text,
    savedAt: Date.now(),
  });
  const loaded = new LoadedPlan(extended.plan, extended.hash);
  await recordExtension(backends.runHistory, temporalRunId, loaded, terminals);
  return { plan: extended.hash, slices: slices.length, layout: slices[0] ?? '' };
}

async function readFragment(dataStore: DataStore, hash: string): Promise<Fragment> {
  const bytes = await dataStore.get(hash);
  if (bytes) return decodeFragment(bytes);
  throw new SelvageError(
    'ValueMissing',
    `The fragment ${hash} is not in the data store (${dataStore.technology}). Whoever extends the run puts it there: this worker looks at ` +
      'another data store: compare their SELVAGE_DATA (`selvage doctor` shows it).',
    { details: { hash } },
  );
}

/** Names the new plan in the run's record, beside the first plan, as another start of the run may ask for the first. */
async function recordExtension(
  runHistory: RunHistory,
  temporalRunId: string,
  plan: LoadedPlan,
  terminals: readonly string[] | undefined,
): Promise<void> {
  const record = await runHistory.getRunByTemporalId(temporalRunId);
  // A reset run has no record until it ends.
  if (!record) return;
  const { started_with = { plan: record.plan_hash, terminals: record.terminals } } = record.details;
  await runHistory.changeRun(temporalRunId, {
    plan_hash: plan.hash,
    terminals: plan.terminals(terminals),
    details: { started_with },
  });
}
