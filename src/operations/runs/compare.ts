import { z } from 'zod';
import { mapOfElement } from '../../authoring/element-id';
import type { GraphInput, GraphKnot, RunGraph } from '../../authoring/run-graph';
import { diffRuns, differenceSentence, type KnotDifference } from '../../records/questions';
import { list, name } from '../fields';
import { question, sentence } from '../operation';
import { runGraph } from '../run-graph';
import { graphOf, requireRun } from './require-run';
import { runSummary, summaryOf } from './summary';

const LIKENESSES = [
  'same',
  'hash',
  'code',
  'config',
  'outcome',
  'only-first',
  'only-second',
  'not-run',
] as const;
/** How a knot compares. `same`: equal hashes; each other word names the first difference. */
export type Likeness = (typeof LIKENESSES)[number];

const comparison = z.object({
  first: runSummary,
  second: runSummary,
  /** The knots of the first run, then those only of the second. States are the second run's, if it has the knot. */
  graph: runGraph,
  /** Knots that are not the same, in the order of the graph. */
  items: list(
    z.object({
      knotId: z.string(),
      likeness: z.enum(LIKENESSES).exclude(['same']),
      explanation: z.string().optional(),
      /** Parents of the knot that differ. */
      parents: list(z.string()).optional(),
    }),
  ),
  firstDifferent: z.string().optional(),
  explanation: z.string(),
});
export type Comparison = z.output<typeof comparison>;

export const compare = question({
  name: 'runs.compare',
  summary: 'compare two runs knot by knot, as one graph',
  description:
    'Says which knot differs first and why: other code, constants, parameters, signals, a failure, or a body that returns something else for the same inputs.',
  group: 'see',
  isTool: true,
  at: ['first', 'second'],
  ask: z.strictObject({
    first: name.describe('id of one run'),
    second: name.describe('id of the other run'),
  }),
  answer: comparison,
  examples: [{ first: 'nightly-1', second: 'nightly-2' }],
  /** @throws SelvageError `UnknownRun`, `InvalidPlan`, `BackendUnavailable` */
  async run(of, ask) {
    const [first, second] = await Promise.all([requireRun(of, ask.first), requireRun(of, ask.second)]);
    const [ofFirst, ofSecond, difference] = await Promise.all([
      graphOf(of, first),
      graphOf(of, second),
      diffRuns(of.backends.runHistory, ask.first, ask.second),
    ]);
    const graph = merged(ofFirst, ofSecond);
    const known = new Map(ofFirst.knots.map((knot) => [knot.id, knot]));
    const others = new Map(ofSecond.knots.map((knot) => [knot.id, knot]));
    // A map that was taken over whole has no records of elements, but an equal outcome.
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
      if (!one) return [{ knotId, likeness }];
      const explanation = sentence(differenceSentence(one));
      return [{ knotId, likeness, explanation, ...(one.parents.length > 0 && { parents: one.parents }) }];
    });
    const origin = parted.find(({ isFirst }) => isFirst);
    const firstDifferent = origin && (mapOfElement(origin.knotId) ?? origin.knotId);
    return {
      first: summaryOf(first),
      second: summaryOf(second),
      graph,
      items,
      ...(firstDifferent !== undefined && { firstDifferent }),
      explanation: sentenceOf(
        {
          same: graph.knots.length - items.length,
          different: items.filter(({ likeness }) => likeness !== 'not-run').length,
          equal: difference.equal,
        },
        origin,
      ),
    };
  },
});

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

/** `same` and `different` are knots of the graph; `equal` counts elements of maps, too. */
function sentenceOf(
  { same, different, equal }: { same: number; different: number; equal: number },
  origin: KnotDifference | undefined,
): string {
  const elements = equal > same ? ` and ${plural(equal - same, 'map element')}` : '';
  if (!origin) return `All ${plural(same, 'knot')}${elements} have the same result.`;
  const have = same === 1 && elements === '' ? 'has' : 'have';
  const verb = different === 2 ? 'differs' : 'differ';
  const others = different > 1 ? `${plural(different - 1, 'other knot')} ${verb}; ` : '';
  const rest = `${others}${plural(same, 'knot')}${elements} ${have} the same result.`;
  return `First difference at "${origin.knotId}": ${differenceSentence(origin)}. ${rest}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
