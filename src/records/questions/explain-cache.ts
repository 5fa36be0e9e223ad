import { z } from 'zod';
import type { PlanDefinition, PlanKnot } from '../../plan';
import { readPlan } from '../../plan/read-plan';
import { SelvageError } from '../../errors';
import type { Backends, LineageRecord, RunHistory, RunRecord } from '../../ports';
import { getRun } from './diff-runs';
import { mapOfElement } from '../../authoring/element-id';
import { readAll } from './read-all';
import { isOfNode } from './telling-values';

/** Maximum number of records that are searched for the nearest knot. */
const CANDIDATES = 500;

/**
 * Why a knot's value was reused, or was not:
 *
 * - `reused`: the value was reused; `resumed`: the value was taken over with the resumed run;
 * - `not-cached`: the knot lacks the option `cache`;
 * - `map`: the knot is a map, whose elements are reused individually;
 * - `extended`: the knot's body has extended its run, which a run that reused the value would miss;
 * - `replaced`: another body ran in place of the knot's own;
 * - `failed`: the knot failed before its body ran, or without a reason from its body;
 * - `plan-gone`: the knot has no key for reuse, and the plan that would say why is gone from the tapestry store;
 * - `not-run`: the knot's body did not run, because the knot was skipped;
 * - `reuse-off`: the run was started without reuse;
 * - `too-old`, `value-gone`: an earlier value of the same key was older than the knot's `maxAge`, or is
 *   missing from the data store or damaged there;
 * - `made-meanwhile`: a value of the same key was recorded only after this knot began, or only failures were;
 * - `not-recorded`: the nearest earlier knot made its value from the same inputs, but was not cached then;
 * - `key-differs`: version, code, function, place or an input differs from the nearest earlier knot;
 * - `no-earlier`: no earlier knot of this definition is on record.
 */
const CACHE_REASONS = [
  'reused',
  'resumed',
  'not-cached',
  'map',
  'extended',
  'replaced',
  'failed',
  'plan-gone',
  'not-run',
  'reuse-off',
  'too-old',
  'value-gone',
  'made-meanwhile',
  'not-recorded',
  'key-differs',
  'no-earlier',
] as const;
export type CacheReason = (typeof CACHE_REASONS)[number];

/** A part of the cache key that differs from the nearest earlier knot; for a hit, the source of the body. */
const cacheDifference = z.object({
  /**
   * `place`: the tapestry and knot of a function in place. `function`: another function of the same source in one
   * process, which may have captured other values, or whose schemas are not applied.
   */
  part: z.enum(['version', 'code', 'place', 'function', 'input']),
  /** For an input: the input's name, and the knot that it comes from (none for a constant). */
  input: z.string().optional(),
  parent: z.string().optional(),
  /** The part before and now; null if there was, or is, none. */
  before: z.string().nullable(),
  now: z.string().nullable(),
});
export type CacheDifference = Readonly<z.output<typeof cacheDifference>>;

export const cacheExplanation = z.object({
  reused: z.boolean(),
  reason: z.enum(CACHE_REASONS),
  /** For a hit, the knot that made the value; for a miss, a knot of the same key, else the nearest earlier knot. */
  other: z
    .object({
      runId: z.string(),
      knotId: z.string(),
      /** When the value was made, in milliseconds since the epoch. */
      madeAt: z.number(),
    })
    .optional(),
  /** For `key-differs`: the parts that differ. `reused`: `code`, if an equal `version` covers another source. */
  differences: z.array(cacheDifference).readonly(),
});
export type CacheExplanation = Readonly<z.output<typeof cacheExplanation>> & {
  readonly record: LineageRecord;
};

/**
 * Tells whether the value of one knot of a run was reused, and why or why not.
 *
 * @throws SelvageError `UnknownRun`, `UnknownKnot`, `BackendUnavailable`, `InvalidPlan`
 */
export async function explainCache(
  { runHistory, tapestryStore }: Pick<Backends, 'runHistory' | 'tapestryStore'>,
  runId: string,
  knotId: string,
): Promise<CacheExplanation> {
  const run = await getRun(runHistory, runId);
  const [record] = await runHistory.getRecords(run.temporal_run_id, [knotId]);
  if (!record) throw unknownKnot(run, knotId);
  const miss = (reason: CacheReason, other?: LineageRecord): CacheExplanation => ({
    record,
    reused: false,
    reason,
    ...(other && { other: whoMade(other) }),
    differences: [],
  });
  if (record.cached_from_run !== null) return hit(record, await plannedIn(tapestryStore, run, knotId));
  if (record.outcome === 'skipped') return miss('not-run');
  if (record.cache_key === null) return miss(whyNoKey(record, await plannedIn(tapestryStore, run, knotId)));
  if (run.details['reuse'] === false) return miss('reuse-off');
  const earlier = await earlierOf(runHistory, record);
  const same = earlier.find((other) => other.cache_key === record.cache_key);
  const { passed_over: passedOver } = record.extra as { passed_over?: 'too_old' | 'value_gone' };
  if (passedOver) return miss(passedOver === 'too_old' ? 'too-old' : 'value-gone', same);
  if (same) return miss('made-meanwhile', same);
  const byDifferences = earlier
    .map((other) => ({ other, differences: differencesOf(other, record) }))
    .sort((a, b) => rank(a.other, a.differences, record) - rank(b.other, b.differences, record));
  const nearest = byDifferences[0];
  if (!nearest) return miss('no-earlier');
  const { other } = nearest;
  const differences = [...nearest.differences, ...(await placeDiffers(runHistory, other, record, run))];
  if (differences.length > 0) return { ...miss('key-differs', other), differences };
  if (other.cache_key === null) return miss('not-recorded', other);
  return {
    ...miss('key-differs', other),
    differences: [{ part: 'function', before: null, now: null }],
  };
}

/** The plan's facts about a knot or, for an element, about its map. */
interface Planned {
  readonly knot: PlanKnot;
  /** The definition whose body runs; absent for a parameter. */
  readonly definition: PlanDefinition | undefined;
}

/** The plan's facts about a knot; undefined if the plan is gone, or lacks a knot that an extension added later. */
async function plannedIn(
  tapestryStore: Backends['tapestryStore'],
  { plan_hash }: RunRecord,
  knotId: string,
): Promise<Planned | undefined> {
  const stored = await tapestryStore.get(plan_hash);
  const map = mapOfElement(knotId);
  const plan = stored && readPlan(stored.text);
  const knot = plan?.knots.find(({ id }) => id === (map ?? knotId));
  return knot && { knot, definition: plan!.definitions[map === undefined ? knot.definition : knot.each!] };
}

function whyNoKey(record: LineageRecord, planned: Planned | undefined): CacheReason {
  if (record.extra['extension'] !== undefined) return 'extended';
  if (!planned) return 'plan-gone';
  const { policy } = planned.knot;
  const isMap = policy.map !== undefined && mapOfElement(record.knot_id) === undefined;
  if (!(policy.cache ?? policy.map?.cache)) return 'not-cached';
  if (isMap) return 'map';
  return record.code_hash === null ? 'failed' : 'replaced';
}

function hit(record: LineageRecord, planned: Planned | undefined): CacheExplanation {
  const { made_by, made_at } = record.extra as { made_by?: string; made_at?: number };
  const [before, now] = [record.code_hash, planned?.definition?.codeHash];
  const isEdited = made_by !== undefined && before !== null && now !== undefined && before !== now;
  return {
    record,
    reused: true,
    reason: made_by === undefined ? 'resumed' : 'reused',
    other: {
      runId: record.cached_from_run!,
      knotId: made_by ?? record.knot_id,
      madeAt: made_at ?? record.finished_at,
    },
    differences: isEdited ? [{ part: 'code', before, now }] : [],
  };
}

/** Earlier ok knots of the definition, newest first; for a function in place, those of its own knot first. */
async function earlierOf(runHistory: RunHistory, record: LineageRecord): Promise<LineageRecord[]> {
  const isOther = (other: LineageRecord): boolean =>
    other.cached_from_run === null &&
    (other.temporal_run_id !== record.temporal_run_id || other.knot_id !== record.knot_id);
  const { definition, knot_id: knotId } = record;
  const query = { outcome: 'ok' as const, until: record.finished_at + 1, definition };
  const ofKnot = isOfNode(definition) ? await readAll(runHistory, { ...query, knotId }, CANDIDATES) : [];
  return [...ofKnot, ...(await readAll(runHistory, query, CANDIDATES))].filter(isOther);
}

/** Prefers the same place, then few differences, then the same knot, then (the sort is stable) the newest. */
function rank(other: LineageRecord, differences: readonly CacheDifference[], record: LineageRecord): number {
  const isElsewhere = isOfNode(record.definition) && placeIn(other) !== placeIn(record);
  return (isElsewhere ? CANDIDATES : 0) + differences.length * 2 + (other.knot_id === record.knot_id ? 0 : 1);
}

function differencesOf(before: LineageRecord, now: LineageRecord): CacheDifference[] {
  const differences: CacheDifference[] = [];
  if (before.definition_version !== now.definition_version)
    differences.push({ part: 'version', before: before.definition_version, now: now.definition_version });
  const [inputsBefore, inputsNow] = [inputsOf(before), inputsOf(now)];
  for (const input of new Set([...Object.keys(inputsBefore), ...Object.keys(inputsNow)])) {
    const [one, other] = [inputsBefore[input] ?? null, inputsNow[input] ?? null];
    const parent = now.parent_knot_ids[input];
    if (one !== other)
      differences.push({
        part: 'input',
        input,
        ...(parent !== undefined && { parent }),
        before: one,
        now: other,
      });
  }
  // An equal version covers another source; but if nothing else differs, the source is the difference.
  const isCode = differences.length === 0 || now.definition_version === null;
  if (isCode && before.code_hash !== now.code_hash)
    differences.push({ part: 'code', before: before.code_hash, now: now.code_hash });
  return differences;
}

/** A function in place differs from one elsewhere, whatever its source. */
async function placeDiffers(
  runHistory: RunHistory,
  other: LineageRecord,
  record: LineageRecord,
  run: RunRecord,
): Promise<CacheDifference[]> {
  if (!isOfNode(record.definition)) return [];
  const otherRun = await runHistory.getRunByTemporalId(other.temporal_run_id);
  const [before, now] = [placeOf(other, otherRun), placeOf(record, run)];
  return before === now ? [] : [{ part: 'place', before, now }];
}

function placeOf(record: LineageRecord, run: RunRecord | undefined): string {
  return `${run?.tapestry ?? 'unknown'}/${placeIn(record)}`;
}

function placeIn({ knot_id }: LineageRecord): string {
  return mapOfElement(knot_id) ?? knot_id;
}

function inputsOf({
  parent_input_hashes,
  constant_input_hashes,
}: LineageRecord): Record<string, string | null> {
  return { ...parent_input_hashes, ...constant_input_hashes };
}

function whoMade({ run_id, knot_id, finished_at }: LineageRecord): CacheExplanation['other'] & object {
  return { runId: run_id, knotId: knot_id, madeAt: finished_at };
}

function unknownKnot({ run_id, temporal_run_id }: RunRecord, knot: string): SelvageError {
  return new SelvageError(
    'UnknownKnot',
    `Run "${run_id}" has no knot "${knot}" on record. \`selvage runs show ${run_id}\` lists its knots; one that has not ended has no record yet.`,
    { details: { run: run_id, temporalRunId: temporal_run_id, knot } },
  );
}
