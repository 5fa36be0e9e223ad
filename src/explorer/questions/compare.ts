import { graphOfRun } from '../../runtime';
import { knotRecords } from '../../connection/read-run';
import { mapOfElement } from '../../authoring/element-id';
import { diffRuns, differenceSentence, type KnotDifference } from '../../records/questions';
import type { GraphInput, GraphKnot, RunGraph } from '../../authoring/run-graph';
import type { Comparison, Likeness, Questions } from '../contract';
import type { ProjectData } from '../../operations/surroundings';
import { summaryOf } from '../../operations/runs/summary';
import { requireRun } from './run';

/** Two runs as one graph. */
export async function compare(data: ProjectData, ask: Questions['compare']['ask']): Promise<Comparison> {
  const [first, second] = await Promise.all([requireRun(data, ask.first), requireRun(data, ask.second)]);
  const [ofFirst, ofSecond, difference] = await Promise.all([
    graphOf(data, first),
    graphOf(data, second),
    diffRuns(data.backends.runHistory, ask.first, ask.second),
  ]);
  const graph = merged(ofFirst, ofSecond);
  const known = new Map(ofFirst.knots.map((knot) => [knot.id, knot]));
  const others = new Map(ofSecond.knots.map((knot) => [knot.id, knot]));
  // A map that was taken over whole has no records of its elements, but has the same outcome.
  const parted = difference.items.filter(({ knotId }) => {
    const map = mapOfElement(knotId);
    const hash = map === undefined ? undefined : known.get(map)?.state?.outputHash;
    return hash === undefined || hash !== others.get(map!)?.state?.outputHash;
  });
  const differences = new Map<string, KnotDifference>();
  for (const one of parted) if (mapOfElement(one.knotId) === undefined) differences.set(one.knotId, one);
  const items = graph.knots.flatMap(({ id: knotId }) => {
    const one = differences.get(knotId);
    const likeness = likenessOf(known.get(knotId), others.get(knotId), one);
    if (likeness === 'same') return [];
    return [{ knotId, likeness, ...(one && { explanation: capitalised(differenceSentence(one)) }) }];
  });
  const origin = parted.find(({ isFirst }) => isFirst);
  const firstDifferent = origin && (mapOfElement(origin.knotId) ?? origin.knotId);
  return {
    first: summaryOf(first),
    second: summaryOf(second),
    graph,
    items,
    ...(firstDifferent !== undefined && { firstDifferent }),
    explanation: sentenceOf(difference.equal, parted.length, origin),
  };
}

async function graphOf(
  { backends, plans }: ProjectData,
  run: Awaited<ReturnType<typeof requireRun>>,
): Promise<RunGraph> {
  if (run.plan_hash === '') return { tapestry: run.tapestry, planHash: '', knots: [] };
  const plan = await plans.of(run);
  return graphOfRun(plan, (await knotRecords(backends, plan, run)).values());
}

/**
 * The knots of the first run, then those that only the second has, with edges by the new indexes. States are
 * the second run's, if it has any.
 */
function merged(first: RunGraph, second: RunGraph): RunGraph {
  const ofSecond = new Map(second.knots.map((knot) => [knot.id, knot]));
  const ofFirst = new Set(first.knots.map(({ id }) => id));
  const both = [
    ...first.knots.map((knot) => ({ knot, from: first.knots })),
    ...second.knots.filter(({ id }) => !ofFirst.has(id)).map((knot) => ({ knot, from: second.knots })),
  ];
  const indexes = new Map(both.map(({ knot }, index) => [knot.id, index]));
  const moved = (input: GraphInput, from: readonly GraphKnot[]): GraphInput =>
    'from' in input ? { name: input.name, from: indexes.get(from[input.from]!.id)! } : input;
  const knots = both.map(({ knot, from }): GraphKnot => {
    const state = ofSecond.get(knot.id)?.state ?? knot.state;
    return { ...knot, inputs: knot.inputs.map((input) => moved(input, from)), ...(state && { state }) };
  });
  return { tapestry: second.tapestry, planHash: second.planHash, knots };
}

function likenessOf(
  first: GraphKnot | undefined,
  second: GraphKnot | undefined,
  difference: KnotDifference | undefined,
): Likeness {
  if (!second) return 'only-first';
  if (!first) return 'only-second';
  if (!difference) return first.state && second.state ? 'same' : 'not-run';
  if (!first.state || !second.state) return 'not-run';
  const { causes } = difference;
  if (causes.some((cause) => cause === 'code' || cause === 'version' || cause === 'definition'))
    return 'code';
  if (causes.some((cause) => cause === 'constants' || cause === 'policy' || cause === 'wiring'))
    return 'config';
  return first.state.outcome === second.state.outcome ? 'hash' : 'outcome';
}

function sentenceOf(equal: number, different: number, origin: KnotDifference | undefined): string {
  if (!origin) return `All ${equal} knots came to the same.`;
  const others = different - 1;
  const rest =
    others === 0
      ? ''
      : ` ${others} other${others === 1 ? ' differs' : 's differ'}, and ${equal} came to the same.`;
  return `The runs part at "${origin.knotId}": ${differenceSentence(origin)}.${rest}`;
}

function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
