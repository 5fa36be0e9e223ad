import { knotRecords } from '../../connection/read-run';
import { recordOf } from '../../authoring';
import type { LoadedPlan } from '../../runtime';
import type { LineageRecord, RunRecord } from '../../ports';
import type { ApprovalsAnswer, Questions } from '../contract';
import type { ProjectData, Rights } from '../../operations/surroundings';
import { schemaToJson } from '../../operations/schema-to-json';

const RUNS = 200;

/**
 * Signals that runs wait for, the latest runs first. Read from the records, so that no worker need answer.
 */
export async function approvals(
  data: ProjectData,
  { cursor }: Questions['approvals']['ask'],
  rights: Rights,
): Promise<ApprovalsAnswer> {
  const page = await data.backends.runHistory.listRuns({
    status: 'running',
    limit: RUNS,
    cursor,
  });
  const waits = await Promise.all(page.items.map((run) => waitsOf(data, run, rights)));
  return { items: waits.flat(), cursor: page.cursor };
}

async function waitsOf(
  data: ProjectData,
  run: RunRecord,
  rights: Rights,
): Promise<ApprovalsAnswer['items'][number][]> {
  const plan = await data.plans.of(run).catch(() => undefined);
  const signals = plan?.plan.knots.filter(({ policy }) => policy.wait?.signal !== undefined) ?? [];
  if (!plan || signals.length === 0) return [];
  const records = await knotRecords(data.backends, plan, run);
  const declared = data.tapestries.map((each) => recordOf(each)).find(({ name }) => name === run.tapestry);
  return signals.flatMap((knot) => {
    if (records.has(knot.id)) return [];
    const since = settledAt(plan, knot.inputs, records, run);
    if (since === undefined) return [];
    const { signal, timeout } = knot.policy.wait!;
    return [
      {
        runId: run.run_id,
        tapestry: run.tapestry,
        knotId: knot.id,
        signal: signal!,
        since,
        ...(timeout !== undefined && { until: since + timeout }),
        summary: knot.summary,
        schema: schemaToJson(declared?.knots.get(knot.id)?.definition?.wait?.schema, rights),
      },
    ];
  });
}

/** When the last of its parents ended; undefined if some have not, or are not Ok. */
function settledAt(
  plan: LoadedPlan,
  inputs: Readonly<Record<string, { readonly parent: number } | { readonly hash: string }>>,
  records: ReadonlyMap<string, LineageRecord>,
  run: RunRecord,
): number | undefined {
  let since = run.started_at;
  for (const input of Object.values(inputs)) {
    if (!('parent' in input)) continue;
    const record = records.get(plan.parentId(input.parent));
    if (record?.outcome !== 'ok') return undefined;
    since = Math.max(since, record.finished_at);
  }
  return since;
}
