import { SelvageError, local, queue, runLocally, type RunResult } from '../../src';
import type { RunHandle, Selvage } from '../../src/client';
import type { LineageRecord } from '../../src/ports';
import { selvageForAll, unique } from '../support/open-selvage';
import {
  coveringSample,
  happeningsIn,
  signalsOf,
  tapestryOf,
  type Kind,
  type Recipe,
} from '../support/random-tapestry';
import { failsWorkflow, plainOutcome, referenceRun } from '../support/reference-run';

const SEED = 20_26;
const MOST_RECIPES = 28;

/** What may become of a knot whose parents are not all Ok. */
const UNRUN = ['parent_failed_or_skipped', 'RequireAllParents'];
/** What may become of one whose function may fail, too. */
const OF_A_BODY = [...UNRUN, 'ok', 'Error', 'ok, tried again', 'Error, tried again'];
/** What may become of one that is told what became of its parents. */
const OF_OUTCOMES = [
  ...OF_A_BODY,
  'ok, told of ok',
  'ok, told of err',
  'ok, told of skipped',
  'ok, with skipIfParentFailed',
  'ok, with requireAllParents',
];
const OF_A_MAP = [
  ...UNRUN,
  'MapElements',
  'ok',
  'ok, some left out',
  'ok, failures collected',
  'ok, tried again',
];

/** By kind of knot: what has to become of one in the sample. */
const WANTED: Readonly<Record<Kind | 'path' | 'newcomer' | 'run', readonly string[]>> = {
  source: ['ok', 'Error', 'ok, tried again', 'Error, tried again'],
  mix: [...OF_A_BODY, 'Error, optional', 'RequireAllParents, optional'],
  tally: [...OF_OUTCOMES, 'Error, optional'],
  census: OF_OUTCOMES,
  roll: OF_OUTCOMES,
  aggregate: OF_A_BODY,
  sink: OF_A_BODY,
  planter: ['ok', 'ok, tried again', 'Error', 'parent_failed_or_skipped'],
  newcomer: ['ok', 'Error', 'Error, optional'],
  spread: [...OF_A_BODY, 'Error, optional'],
  table: OF_A_BODY,
  sum: OF_A_BODY,
  highest: [...UNRUN, 'ok', 'Error'],
  survivors: [...UNRUN, 'ok', 'ok, tried again', 'Error'],
  draw: OF_A_BODY,
  area: OF_A_BODY,
  gate: [...OF_A_BODY, 'gate_closed', 'gate_closed, tried again', 'NotABoolean'],
  selector: [...OF_A_BODY, 'ok, without a path', 'UnknownBranch'],
  on: [...UNRUN, 'ok', 'ok, without a path', 'UnknownBranch', 'UnknownBranch, without a path'],
  path: ['ok', 'branch_not_selected', 'parent_failed_or_skipped'],
  firstOk: [...UNRUN, 'ok', 'NoAlternative', 'no_alternative'],
  subTapestry: [...UNRUN, 'ok', 'SubRunFailed', 'ok, never of a failure', 'ok, unhandled of a failure'],
  loop: [...UNRUN, 'ok', 'LoopLimit', 'Error'],
  map: [...OF_A_MAP, 'ok, of none'],
  mapRecord: OF_A_MAP,
  mapLists: [...OF_A_MAP, 'ok, of none', 'UnequalLists'],
  waitForSignal: [...UNRUN, 'ok', 'SignalTimeout'],
  sleep: [...UNRUN, 'ok'],
  waitUntil: [...UNRUN, 'ok, past', 'ok, soon', 'ok, input'],
  deadline: [...UNRUN, 'ok', 'InvalidWait'],
  run: [
    'succeeded, unhandled completes the workflow',
    'failed, unhandled completes the workflow',
    'failed, unhandled fails the workflow',
    'failed, any fails the workflow',
    'failed by a newcomer alone, unhandled fails the workflow',
    'failed by a newcomer alone, any fails the workflow',
    'failed by a newcomer alone, never completes the workflow',
    'failed, never completes the workflow',
  ],
};
const wanted = new Set(
  Object.entries(WANTED).flatMap(([kind, happenings]) => happenings.map((one) => `${kind}: ${one}`)),
);

const recipes = coveringSample(wanted, SEED);
/** Every third knot is queued, so that segments begin and end everywhere. */
const tapestries = recipes.map((recipe) => {
  let placed = 0;
  return tapestryOf(unique('random'), recipe, () => (placed++ % 3 === 0 ? queue() : local()));
});

test('in the sample, every kind of knot comes to all that it may come to', () => {
  const found = new Set(recipes.flatMap((recipe) => [...happeningsIn(recipe)]));
  expect([...wanted].filter((one) => !found.has(one))).toEqual([]);
  expect(recipes.length).toBeLessThanOrEqual(MOST_RECIPES);
});

const shared = selvageForAll({ tapestries });

test('a sample of random tapestries comes to the same on the real server as in process, with equal hashes', async () => {
  const selvage = shared();
  const compare = async (sampled: Recipe, index: number): Promise<void> => {
    const tapestry = tapestries[index]!;
    const recipe = startingNow(sampled);
    const expected = referenceRun(recipe);
    const run = await selvage.start(tapestry, recipe.parameters);
    const here = await runLocally(tapestry, recipe.parameters, {
      signals: signalsOf(recipe),
      runId: run.runId,
    });
    for (const [name, payload] of Object.entries(signalsOf(recipe))) await tell(run, name, payload);
    const there = await run.result();
    expect(new Map(inWords(there))).toEqual(new Map(inWords(here)));
    expect(plainOutcomes(there)).toEqual(expected);
    expect(there.status).toBe(here.status);
    expect(facts(await run.lineage())).toEqual(facts(here.lineage));
    expect(await statusOnServer(selvage, run)).toBe(failsWorkflow(recipe, expected) ? 'FAILED' : 'COMPLETED');
  };
  await Promise.all(recipes.map(compare));
});

/** Some of its knots wait for a time that is still to come when it is started. */
function startingNow(recipe: Recipe): Recipe {
  return { ...recipe, parameters: { ...recipe.parameters, soon: Date.now() + 1_000 } };
}

/** What two hosts must agree on. */
const facts = (records: readonly LineageRecord[]) =>
  Object.fromEntries(
    records.map((record) => {
      const { knot_id, definition, outcome, skip_reason, output_hash, output_size, code_hash } = record;
      const { knot_config_hash, parent_knot_ids, parent_input_hashes, constant_input_hashes, extra } = record;
      return [
        knot_id,
        {
          ...{ definition, outcome, skip_reason, output_hash, output_size, code_hash },
          ...{ knot_config_hash, parent_knot_ids, parent_input_hashes, constant_input_hashes },
          ...{ skip: extra['skip'], choice: extra['choice'], elements: extra['elements'] },
        },
      ];
    }),
  );

/** By knot. Which of several newcomers comes first is left to chance. */
const inWords = ({ outcomes }: RunResult<object>) =>
  Object.entries(outcomes).map(([id, outcome]): [string, unknown] => {
    if (outcome.kind === 'ok') return [id, outcome.value];
    return [id, outcome.kind === 'err' ? [outcome.error.type, outcome.error.message] : outcome.reason];
  });

const plainOutcomes = ({ outcomes }: RunResult<object>) =>
  new Map(Object.entries(outcomes).map(([id, outcome]) => [id, plainOutcome(outcome)]));

const statusOnServer = async (selvage: Selvage, { runId }: RunHandle): Promise<string> =>
  (await selvage.client.workflow.getHandle(runId).describe()).status.name;

/** Where the knot that waits for it was skipped, the run may be over before it comes. */
async function tell(run: RunHandle, name: string, payload: unknown): Promise<void> {
  await run.signal(name, payload).catch((error: unknown) => {
    const isLate = SelvageError.is(error) && ['RunOver', 'SignalTooLate'].includes(error.code);
    if (!isLate) throw error;
  });
}
