import fc from 'fast-check';
import { runLocally } from '../../src';
import { createInMemoryBackends, nodeSha256 } from '../../src/backends';
import { readResult } from '../../src/connection/read-run';
import { readPlan, type Plan, type PlanKnot } from '../../src/plan';
import type { Backends, LineageRecord, RunRecord } from '../../src/ports';
import { canonicalJson, hashText } from '../../src/values';
import { arbitraryRecipe, signalsOf, tapestryOf, type Recipe } from '../support/random-tapestry';
import { runs } from '../support/thorough';

interface RecordedRun {
  readonly backends: Backends;
  readonly run: RunRecord;
  readonly plan: Plan;
  readonly lineage: readonly LineageRecord[];
}

/** @param isCutShort its maps have no records, as those of a run that was cancelled or is not over */
async function recorded(recipe: Recipe, isCutShort: boolean): Promise<RecordedRun> {
  const backends = createInMemoryBackends();
  const t = tapestryOf('random', recipe);
  const { runId, lineage } = await runLocally(t, recipe.parameters, { backends, signals: signalsOf(recipe) });
  const run = (await backends.runHistory.getRun(runId))!;
  const { text } = (await backends.tapestryStore.get(run.plan_hash))!;
  const plan = readPlan(text);
  if (!isCutShort) return { backends, run, plan, lineage };
  const { runHistory } = createInMemoryBackends();
  const maps = new Set(plan.knots.filter(({ policy }) => policy.map).map(({ id }) => id));
  await runHistory.commit(lineage.filter(({ knot_id }) => !maps.has(knot_id)));
  return { backends: { ...backends, runHistory }, run, plan, lineage };
}

async function changedCodeOf({ backends, run }: RecordedRun): Promise<readonly string[]> {
  return (await readResult(backends, run, 'none')).changedCode ?? [];
}

const bodyOf = ({ definition, each = definition }: PlanKnot): number => each;

/** The run as if one body had been edited while it ran: its records are of the code of now, and its plan is that of the start. */
async function edited(recordedRun: RecordedRun, { id }: PlanKnot): Promise<RecordedRun> {
  const { backends, run } = recordedRun;
  const plan = structuredClone(recordedRun.plan) as unknown as {
    definitions: { codeHash?: string; inline?: true }[];
    knots: { id: string; definition: number; each?: number }[];
  };
  const knot = plan.knots.find((one) => one.id === id)!;
  const before = plan.definitions[knot.each ?? knot.definition]!;
  const codeHash = hashText(`another source than ${before.codeHash}`, nodeSha256);
  if (before.inline) {
    // Functions in place of equal source are one definition of the plan, and only one of them is edited.
    knot[knot.each === undefined ? 'definition' : 'each'] =
      plan.definitions.push({ ...before, codeHash }) - 1;
  } else before.codeHash = codeHash;
  const text = canonicalJson(plan);
  const hash = hashText(text, nodeSha256);
  await backends.tapestryStore.save({ hash, tapestry: run.tapestry, text, savedAt: 0 });
  return { ...recordedRun, run: { ...run, plan_hash: hash } };
}

/** The ids of the knots whose bodies ran, of maps by their elements. */
function ran({ lineage }: RecordedRun, { id, policy }: PlanKnot): boolean {
  return lineage.some(
    ({ knot_id, code_hash }) =>
      code_hash !== null && (policy.map ? knot_id.startsWith(`${id}[`) : knot_id === id),
  );
}

/** Half of them with several maps, whose functions in place share the name of their definition. */
const arbitrary = fc.oneof(
  arbitraryRecipe({ maxLength: 16 }),
  arbitraryRecipe({ minLength: 6, maxLength: 16 }, ['spread', 'table', 'map', 'mapRecord', 'sum']),
);

test('of a run that nobody edited, no code was changed; with one body edited, it is that which is named, if it ran', async () => {
  let named = 0;
  await fc.assert(
    fc.asyncProperty(arbitrary, fc.nat(1_000), fc.boolean(), async (recipe, pick, isCutShort) => {
      const run = await recorded(recipe, isCutShort);
      expect(await changedCodeOf(run)).toEqual([]);
      const { knots, definitions } = run.plan;
      const placed = knots.filter((knot) => knot.definition >= 0);
      const knot = placed[pick % placed.length];
      if (!knot) return;
      const { name, inline } = definitions[bodyOf(knot)]!;
      const those = inline ? [knot] : placed.filter((other) => bodyOf(other) === bodyOf(knot));
      const expected = those.some((one) => ran(run, one)) ? [inline ? knot.id : name] : [];
      expect(await changedCodeOf(await edited(run, knot))).toEqual(expected);
      named += expected.length;
    }),
    { numRuns: runs(150, 1_000) },
  );
  expect(named).toBeGreaterThan(50);
});
