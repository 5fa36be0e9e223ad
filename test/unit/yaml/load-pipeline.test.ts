import { knot, loadPipeline, runLocally } from '../../../src';

const double = knot('double', ({ x }: { x: number }) => x * 2);
const add = ({ a, b }: { a: number; b: number }): number => a + b;

const SAMPLE = `
name: simple
nodes:
  - id: x
    type: parameter
    type_: int
    has_default: true
    default: 5
  - id: doubled
    type: knot
    callable: double
    parents:
      x: x
  - id: answer
    type: knot
    callable: add
    parents:
      a: x
      b: doubled
`;

test('a document becomes a tapestry that runs', async () => {
  const { tapestry } = loadPipeline(SAMPLE, { callables: { double, add } });
  const { outputs } = await runLocally(tapestry, {});
  expect(outputs).toEqual({ 'param:x': 5, doubled: 10, answer: 15 });
});
