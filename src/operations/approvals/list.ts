import { z } from 'zod';
import { knotRecords } from '../../connection/read-run';
import { recordOf } from '../../authoring';
import type { LoadedPlan } from '../../runtime';
import type { LineageRecord, RunRecord } from '../../ports';
import { cursor, instant, json, page } from '../fields';
import { question } from '../operation';
import { schemaToJson } from '../schema-to-json';
import type { ProjectData, Rights } from '../surroundings';

const RUNS = 200;

const approval = z.object({
  runId: z.string(),
  tapestry: z.string(),
  knotId: z.string(),
  signal: z.string(),
  since: instant.optional(),
  until: instant.optional(),
  summary: z.string().optional(),
  /** The payload's schema; `{}` where JSON Schema cannot express it. */
  schema: json,
});
export type Approval = z.output<typeof approval>;

export const list = question({
  name: 'approvals.list',
  summary: 'the signals that runs wait for, the latest runs first',
  description: 'Reads the records alone, so that neither the server nor a worker need answer.',
  group: 'see',
  ask: z.strictObject({ cursor }),
  answer: page(approval),
  examples: [{}],
  inFull: true,
  /** @throws SelvageError `BackendUnavailable` */
  async run({ caller, ...data }, { cursor: after }) {
    const runs = await data.backends.runHistory.listRuns({ status: 'running', limit: RUNS, cursor: after });
    const waits = await Promise.all(runs.items.map((run) => waitsOf(data, run, caller)));
    return { items: waits.flat(), cursor: runs.cursor };
  },
});

async function waitsOf(data: ProjectData, run: RunRecord, rights: Rights): Promise<Approval[]> {
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

/** When the last parent ended; undefined if a parent has not ended, or is not Ok. */
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
