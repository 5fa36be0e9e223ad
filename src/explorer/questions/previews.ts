import { readResumable } from '../../connection/read-resumable';
import { layoutOf } from '../../plan';
import { resumeCandidates, withValues } from '../../runtime';
import { subjectOf } from '../../encryption/seal-backends';
import { withSubject } from '../../encryption/run-scope';
import type { Questions, RerunPreview } from '../contract';
import { backfillOptions } from '../acts';
import type { ProjectData } from '../../operations/surroundings';
import { requireTapestry } from '../../operations/require-tapestry';

const HASHES = 1_000;
const KEYS = 1_000;

/**
 * What a run resumed from another one would take over and what it would run, by the rules that its worker
 * applies.
 *
 * @throws SelvageError `ServerUnreachable`, `UnknownRun`, `RunNotOver`, `UnknownKnot`, `NotResumable`
 */
export async function rerunPreview(
  { backends, reach }: ProjectData,
  { runId, from = [] }: Questions['rerunPreview']['ask'],
): Promise<RerunPreview> {
  const { run, plan, terminals } = await reach.do(({ client }) =>
    readResumable(backends, client.workflow, runId, from),
  );
  const layout = terminals ? layoutOf(plan.plan, terminals) : plan.layout;
  const records = await backends.runHistory.getRecords(run.temporal_run_id);
  const earlier = new Map(records.map((record) => [record.knot_id, record]));
  const { candidates } = resumeCandidates(layout, earlier, from);
  const hashes = [...new Set(candidates.map(({ record }) => record.output_hash!))];
  const present = await withSubject(subjectOf(run), () => presentOf(backends.dataStore, hashes));
  const taken = new Set(withValues(layout, candidates, present).map(({ record }) => record.knot_id));
  return {
    reused: layout.ids.filter((id) => taken.has(id)),
    runs: layout.ids.filter((id) => !taken.has(id)),
  };
}

async function presentOf(
  dataStore: ProjectData['backends']['dataStore'],
  hashes: readonly string[],
): Promise<Set<string>> {
  const present = new Set<string>();
  for (let first = 0; first < hashes.length; first += HASHES)
    for (const hash of await dataStore.hasMany(hashes.slice(first, first + HASHES))) present.add(hash);
  return present;
}

export async function backfillPreview(
  data: ProjectData,
  ask: Questions['backfillPreview']['ask'],
): Promise<Questions['backfillPreview']['answer']> {
  const tapestry = requireTapestry(data, ask.tapestry);
  const chosen = await data.reach.do((selvage) =>
    selvage.partitions.planBackfill(tapestry, backfillOptions(ask)),
  );
  return { keys: chosen.slice(0, KEYS).map(({ key }) => key), total: chosen.length };
}
