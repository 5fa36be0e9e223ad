import { impact, resolveHash, why, type ValueOrigin } from '../../records/questions';
import type { LineageRecord } from '../../ports';
import type { Questions, UsesAnswer, UseView, WalkAnswer } from '../contract';
import type { ProjectData } from '../../operations/surroundings';

const USES = 100;
const STEPS = 500;
/**
 * The cursor names the listing that it belongs to: `o` for knots that have the value, `i` for those that took
 * it in.
 */
const CURSOR = /^([oi])(.*)$/;

/**
 * Every knot that made, reused, was given or took in a value, newest first. Those that have it come before
 * those that took it in.
 */
export async function uses(data: ProjectData, ask: Questions['uses']['ask']): Promise<UsesAnswer> {
  const { runHistory } = data.backends;
  const hash = await resolveHash(runHistory, ask.hash);
  const [, listing = 'o', cursor = ''] = CURSOR.exec(ask.cursor ?? 'o') ?? [];
  const page = await runHistory.findLineage({
    ...(listing === 'o' ? { outputHash: hash } : { inputHash: hash }),
    limit: USES,
    ...(cursor !== '' && { cursor }),
  });
  const tapestries = await tapestriesOf(data, page.items);
  const next = page.cursor === undefined ? (listing === 'o' ? 'i' : undefined) : `${listing}${page.cursor}`;
  return {
    hash,
    items: page.items.map((record) => ({
      runId: record.run_id,
      tapestry: tapestries.get(record.temporal_run_id) ?? '',
      knotId: record.knot_id,
      role: listing === 'i' ? 'consumed' : howItHas(record),
      at: record.finished_at,
    })),
    cursor: next,
  };
}

function howItHas(record: LineageRecord): UseView['role'] {
  if (record.definition === 'parameter') return 'parameter';
  return record.cached_from_run === null ? 'produced' : 'reused';
}

async function tapestriesOf(
  { backends }: ProjectData,
  records: readonly LineageRecord[],
): Promise<Map<string, string>> {
  const ids = [...new Set(records.map(({ temporal_run_id }) => temporal_run_id))];
  const runs = await Promise.all(ids.map((id) => backends.runHistory.getRunByTemporalId(id)));
  return new Map(runs.flatMap((run) => (run ? [[run.temporal_run_id, run.tapestry] as const] : [])));
}

export async function walk(data: ProjectData, ask: Questions['walk']['ask']): Promise<WalkAnswer> {
  const { backends } = data;
  return ask.direction === 'why' ? await walkUp(backends, ask) : await walkDown(backends, ask);
}

async function walkUp(
  backends: ProjectData['backends'],
  { hash, runId }: Questions['walk']['ask'],
): Promise<WalkAnswer> {
  const origin = await why(backends, hash, { limit: STEPS, runId });
  const steps: WalkAnswer['items'][number][] = [];
  let truncated = false;
  // An explicit stack: chains of loops and runs are deeper than the call stack.
  const open: { readonly origin: ValueOrigin; readonly depth: number; readonly through?: string }[] = [
    { origin, depth: 0 },
  ];
  for (let next = open.pop(); next; next = open.pop()) {
    const { origin: at, depth, through } = next;
    steps.push(stepOf(at.record, depth, through));
    if (at.truncated) truncated = true;
    const below = [
      ...[...at.inputs, ...(at.terminals ?? [])].flatMap(({ name, origin: of }) =>
        of ? [{ origin: of, depth: depth + 1, through: name }] : [],
      ),
      ...(at.earlierOrigin ? [{ origin: at.earlierOrigin, depth: depth + 1 }] : []),
    ];
    open.push(...below.reverse());
  }
  return { hash: origin.record.output_hash ?? hash, items: steps, truncated };
}

async function walkDown(
  { runHistory }: ProjectData['backends'],
  { hash }: Questions['walk']['ask'],
): Promise<WalkAnswer> {
  const { producers, items, truncated } = await impact(runHistory, hash, { limit: STEPS });
  const depths = new Map<string, number>();
  const keyOf = (temporalRunId: string, knot: string): string => JSON.stringify([temporalRunId, knot]);
  for (const record of producers) depths.set(keyOf(record.temporal_run_id, record.knot_id), 0);
  const steps = producers.map((record) => stepOf(record, 0));
  for (const { record, through } of items) {
    const above = through.map((knot) => depths.get(keyOf(record.temporal_run_id, knot)) ?? 0);
    const depth = Math.max(0, ...above) + 1;
    depths.set(keyOf(record.temporal_run_id, record.knot_id), depth);
    steps.push(stepOf(record, depth, through.length > 0 ? through.join(', ') : undefined));
  }
  return { hash: producers[0]!.output_hash!, items: steps, truncated };
}

function stepOf(record: LineageRecord, depth: number, through?: string): WalkAnswer['items'][number] {
  return {
    depth,
    runId: record.run_id,
    knotId: record.knot_id,
    ...(record.definition !== 'parameter' && { definition: record.definition }),
    ...(record.output_hash !== null && { outputHash: record.output_hash }),
    through,
    at: record.finished_at,
  };
}
