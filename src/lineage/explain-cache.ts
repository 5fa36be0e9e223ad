import type { PlanDefinition, PlanKnot } from '../engine';
import { readPlan } from '../engine/read-plan';
import { SelvageError } from '../errors';
import type { Backends, LineageRecord, RunHistory, RunRecord } from '../protocols';
import { getRun } from './diff-runs';
import { mapOfElement } from './map-of-element';
import { readAll } from './read-all';

/** Records that are looked through for the nearest. */
const CANDIDATES = 500;

/**
 * Why a knot's value was reused, or was not:
 *
 * - `reused`: it was; `resumed`: it was taken over with the run that this one goes on from;
 * - `not-cached`: the knot has not the option `cache`;
 * - `map`: it is a map, of which the elements are reused, each by itself;
 * - `extended`: its body has extended its run, which whoever took the value would miss;
 * - `replaced`: another body ran in the place of its own;
 * - `failed`: it failed before its body ran, or when that had ended without a word;
 * - `plan-gone`: nothing is on record that it could be reused by, and the plan that says why is not in the tapestry store;
 * - `not-run`: its body did not run, for it was skipped;
 * - `reuse-off`: the run was to take nothing from others;
 * - `too-old`, `value-gone`: an earlier value of the same key was older than the knot's `maxAge`, or not in the data store any more;
 * - `made-meanwhile`: one of the same key was on record only when this one had begun, or there was none but failures;
 * - `not-recorded`: the nearest earlier knot has made its value of the same, but was not cached then;
 * - `key-differs`: of another version, code or input than the nearest earlier knot;
 * - `no-earlier`: no earlier knot of this definition is on record.
 */
export type CacheReason =
  | 'reused'
  | 'resumed'
  | 'not-cached'
  | 'map'
  | 'extended'
  | 'replaced'
  | 'failed'
  | 'plan-gone'
  | 'not-run'
  | 'reuse-off'
  | 'too-old'
  | 'value-gone'
  | 'made-meanwhile'
  | 'not-recorded'
  | 'key-differs'
  | 'no-earlier';

/** A part of the cache key that is another one than that of the nearest earlier knot; of a hit, the source of the body. */
export interface CacheDifference {
  readonly part: 'version' | 'code' | 'input';
  /** Of an input: its name, and the knot that it comes from; of a constant, none. */
  readonly input?: string;
  readonly parent?: string;
  /** Null: there was, or is, none. */
  readonly before: string | null;
  readonly now: string | null;
}

export interface CacheExplanation {
  readonly record: LineageRecord;
  readonly isHit: boolean;
  readonly reason: CacheReason;
  /** Of a hit: who made the value. Of a miss with the same key: who has made one. Else the nearest earlier knot of the definition, if any. */
  readonly other?: {
    readonly run: string;
    readonly knot: string;
    /** Milliseconds since the epoch. */
    readonly madeAt: number;
  };
  /**
   * Of `key-differs`: the parts that differ. Of `reused`: the source of the body, where it is another one in the plan of this run than the one
   * that made the value, and the `version` that tells bodies apart is the same.
   */
  readonly differences: readonly CacheDifference[];
}

/**
 * Says of one knot of a run whether its value was reused, and why or why not.
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
    isHit: false,
    reason,
    ...(other && { other: whoMade(other) }),
    differences: [],
  });
  if (record.cached_from_run !== null) return hit(record, await plannedIn(tapestryStore, run, knotId));
  if (record.outcome === 'skipped') return miss('not-run');
  if (record.cache_key === null) return miss(whyNoKey(record, await plannedIn(tapestryStore, run, knotId)));
  if (run.environment['reuse'] === false) return miss('reuse-off');
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
  const { other, differences } = nearest;
  if (differences.length === 0) return miss('not-recorded', other);
  return { ...miss('key-differs', other), differences };
}

/** What the plan says of a knot or, of an element, of its map. */
interface Planned {
  readonly knot: PlanKnot;
  /** The one whose body runs; absent of a parameter. */
  readonly definition: PlanDefinition | undefined;
}

/** Undefined where the plan is gone, or does not have the knot yet, which an extension has brought. */
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
    isHit: true,
    reason: made_by === undefined ? 'resumed' : 'reused',
    other: {
      run: record.cached_from_run!,
      knot: made_by ?? record.knot_id,
      madeAt: made_at ?? record.finished_at,
    },
    differences: isEdited ? [{ part: 'code', before, now }] : [],
  };
}

/** Ok knots of the same definition, newest first, that made their value before this one did. */
async function earlierOf(runHistory: RunHistory, record: LineageRecord): Promise<LineageRecord[]> {
  const isOther = (other: LineageRecord): boolean =>
    other.cached_from_run === null &&
    (other.temporal_run_id !== record.temporal_run_id || other.knot_id !== record.knot_id);
  const query = { outcome: 'ok' as const, until: record.finished_at + 1 };
  const ofDefinition = await readAll(runHistory, { ...query, knotClass: record.knot_class }, CANDIDATES);
  return ofDefinition.filter(isOther);
}

/** Few differences first, then those of the same knot; the sort keeps the newest first. */
function rank(other: LineageRecord, differences: readonly CacheDifference[], record: LineageRecord): number {
  return differences.length * 2 + (other.knot_id === record.knot_id ? 0 : 1);
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
  // With a version, another source may be the same body; where nothing else differs, it is what tells.
  const isCode = differences.length === 0 || now.definition_version === null;
  if (isCode && before.code_hash !== now.code_hash)
    differences.push({ part: 'code', before: before.code_hash, now: now.code_hash });
  return differences;
}

function inputsOf({
  parent_input_hashes,
  constant_input_hashes,
}: LineageRecord): Record<string, string | null> {
  return { ...parent_input_hashes, ...constant_input_hashes };
}

function whoMade({ run_id, knot_id, finished_at }: LineageRecord): CacheExplanation['other'] & object {
  return { run: run_id, knot: knot_id, madeAt: finished_at };
}

function unknownKnot({ run_id, temporal_run_id }: RunRecord, knot: string): SelvageError {
  return new SelvageError(
    'UnknownKnot',
    `Run "${run_id}" has no knot "${knot}" on record. \`selvage runs show ${run_id}\` lists its knots; one that has not ended has no record yet.`,
    { details: { run: run_id, temporalRun: temporal_run_id, knot } },
  );
}
