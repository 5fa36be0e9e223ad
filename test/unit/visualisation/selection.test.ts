import type { GraphKnot, GraphState, RunGraph } from '../../../src/authoring/run-graph';
import { selectKnots } from '../../../src/visualisation/selection';

const state = (outcome: GraphState['outcome'], more: Partial<GraphState> = {}): GraphState => ({
  outcome,
  scheduledAt: 0,
  startedAt: 0,
  finishedAt: 1,
  attempt: 1,
  ...more,
});

function knot(id: string, parents: readonly number[], more: Partial<GraphKnot> = {}): GraphKnot {
  const inputs = parents.map((from) => ({ name: `in${from}`, from }));
  return { id, kind: 'knot', definition: `Def${id}`, configHash: '', inputs, ...more };
}

/** day → load.users → clean → report; day → load.orders → report; clean → export. */
const graph: RunGraph = {
  tapestry: 'daily',
  planHash: '',
  knots: [
    knot('day', [], { kind: 'parameter', definition: undefined, state: state('ok') }),
    knot('load.users', [0], { definition: 'Load', state: state('ok', { cachedFromRun: 'earlier' }) }),
    knot('load.orders', [0], { definition: 'Load', state: state('err') }),
    knot('clean', [1], { state: state('ok') }),
    knot('report', [2, 3], { terminals: ['report'], state: state('skipped') }),
    knot('export', [3], { kind: 'map', each: 'Send' }),
  ],
};

const ids = (text: string): string[] =>
  [...selectKnots(graph, text).knots].map((index) => graph.knots[index]!.id);

describe('a selection of knots', () => {
  it.each([
    ['', ['day', 'load.users', 'load.orders', 'clean', 'report', 'export']],
    ['clean', ['clean']],
    ['+clean', ['day', 'load.users', 'clean']],
    ['clean+', ['clean', 'report', 'export']],
    ['+clean+', ['day', 'load.users', 'clean', 'report', 'export']],
    ['load.*', ['load.users', 'load.orders']],
    ['load.*+', ['load.users', 'load.orders', 'clean', 'report', 'export']],
    ['*o*r*', ['load.users', 'load.orders', 'report', 'export']],
    ['user', ['load.users']],
    ['failed', ['load.orders']],
    ['reused', ['load.users']],
    ['ok', ['day', 'clean']],
    ['pending', ['export']],
    ['terminal', ['report']],
    ['type:load', ['load.users', 'load.orders']],
    ['type:map', ['export']],
    ['type:send', ['export']],
    ['type:parameter', ['day']],
    ['type:load failed', ['load.orders']],
    ['failed, reused', ['load.users', 'load.orders']],
    ['type:load !failed', ['load.users']],
    ['+report !+clean', ['load.orders', 'report']],
    ['CLEAN', ['clean']],
    ['+failed', ['day', 'load.orders']],
  ])('%j selects %j', (text, expected) => {
    expect(ids(text)).toEqual(expected);
  });

  it('follows statuses that are given in the place of those on record', () => {
    const selected = selectKnots(graph, 'running', (index) => (index === 5 ? 'running' : 'ok'));
    expect([...selected.knots]).toEqual([5]);
  });

  it.each(['nothing-like-this', 'type:Nope', '+', '!'])('says that %j selects nothing', (text) => {
    const { knots, problems } = selectKnots(graph, text);
    expect(problems).toHaveLength(1);
    expect(knots.size).toBe(0);
  });

  it('is not kept long by a pattern of many stars', () => {
    const long: RunGraph = { ...graph, knots: [knot('a'.repeat(200), [])] };
    expect(selectKnots(long, `${'*a'.repeat(100)}*b`).knots.size).toBe(0);
  });

  it('takes an id that reads like a status by its prefix', () => {
    const odd: RunGraph = { ...graph, knots: [knot('failed', [], { state: state('ok') })] };
    expect(selectKnots(odd, 'failed').knots.size).toBe(0);
    expect(selectKnots(odd, 'id:failed').knots.size).toBe(1);
  });
});
