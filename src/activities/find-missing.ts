import { outcomeKinds, requiredParentsFailure, type OutcomeKind } from '../scheduler';
import type { Layout } from '../plan';
import { elementsOf } from '../runtime';
import type { RunHistory } from '../ports';
import type { KnotFailure, SkippedKnot } from '../workflows/messages';

const AT_A_TIME = 1_000;

/** Knots of a run whose history went back in time, to record or run again, by index in the layout. */
export interface Missing {
  readonly failed: readonly KnotFailure[];
  readonly skipped: readonly SkippedKnot[];
  readonly ok: readonly number[];
  /** Recorded maps that lack records of some elements. */
  readonly maps: readonly number[];
}

/** Compares a run's records with the outcomes that its workflow saved. @param failures with known errors */
export async function findMissing(
  runHistory: Pick<RunHistory, 'countRecords' | 'getOutcomes' | 'getRecords'>,
  run: string,
  layout: Layout,
  outcomes: string,
  failures: readonly KnotFailure[],
): Promise<Missing> {
  const kinds = outcomeKinds(outcomes, layout.size);
  const present = await presentRecords(runHistory, run, layout);
  const failed: KnotFailure[] = [];
  const skipped: SkippedKnot[] = [];
  const ok: number[] = [];
  for (const [index, kind] of kinds.entries()) {
    const knot = layout.ids[index]!;
    if (kind === undefined || present.has(knot)) continue;
    if (kind === 'ok') ok.push(index);
    else if (kind === 'skipped') skipped.push(asItWasSkipped(layout, index, kinds));
    else failed.push(failures.find((failure) => failure.knot === knot) ?? asItFailed(layout, index, kinds));
  }
  const maps: number[] = [];
  const isMap = (knot: number): boolean => layout.policies[layout.policy[knot]!]!.map !== undefined;
  const ids = layout.ids.filter((id, knot) => isMap(knot) && present.has(id));
  for (const [prefix, count] of elementsOf(ids.length > 0 ? await runHistory.getRecords(run, ids) : [])) {
    if ((await runHistory.countRecords(run, prefix)) < count)
      maps.push(layout.ids.indexOf(prefix.slice(0, -1)));
  }
  return { failed, skipped, ok, maps };
}

async function presentRecords(
  runHistory: Pick<RunHistory, 'getOutcomes'>,
  run: string,
  { ids }: Layout,
): Promise<ReadonlySet<string>> {
  const present = new Set<string>();
  for (let first = 0; first < ids.length; first += AT_A_TIME) {
    const records = await runHistory.getOutcomes(run, ids.slice(first, first + AT_A_TIME));
    for (const { knot_id } of records) present.add(knot_id);
  }
  return present;
}

type Kinds = readonly (OutcomeKind | undefined)[];

function asItFailed(layout: Layout, knot: number, kinds: Kinds): KnotFailure {
  const { parents, parentStart, policies, policy, ids } = layout;
  const isOfParents =
    policies[policy[knot]!]!.errorPolicy === 'requireAllParents' &&
    parents.subarray(parentStart[knot], parentStart[knot + 1]).some((parent) => kinds[parent] !== 'ok');
  if (isOfParents) return requiredParentsFailure(layout, knot, (parent) => kinds[parent]);
  const message = `Knot "${ids[knot]!}" failed. The run history went back in time and has lost the error.`;
  return { knot: ids[knot]!, type: 'HistoryLost', message };
}

function asItWasSkipped(layout: Layout, knot: number, kinds: Kinds): SkippedKnot {
  const { parents, parentStart, ids } = layout;
  const policyOf = (index: number): Layout['policies'][number] => layout.policies[layout.policy[index]!]!;
  let anyErr = false;
  let anySkipped = false;
  for (const parent of parents.subarray(parentStart[knot], parentStart[knot + 1])) {
    const isOptional = policyOf(parent).optional === true;
    if (kinds[parent] === 'err' && !isOptional) anyErr = true;
    else if (kinds[parent] !== 'ok') anySkipped = true;
  }
  const { node, path } = policyOf(knot);
  const own = { id: ids[knot]! };
  if (node === 'firstOk') return { knot: own.id, reason: 'no_alternative' };
  if (anyErr || anySkipped) return { knot: own.id, reason: 'parent_failed_or_skipped', anyErr, anySkipped };
  if (path !== undefined) return { knot: own.id, reason: 'branch_not_selected' };
  return { knot: own.id, reason: node === 'gate' ? 'gate_closed' : 'cancelled' };
}
