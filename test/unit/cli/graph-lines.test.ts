import { z } from 'zod';
import { knot, runLocally, tapestry } from '../../../src';
import { graphLines } from '../../../src/cli/show/graph-lines';
import type { RunGraph } from '../../../src/authoring/run-graph';
import { recordedOutput } from './output-streams';

const double = knot('double', ({ x }: { x: number }) => x * 2);
const add = knot('add', ({ a, b }: { a: number; b: number }) => a + b);
const boom = knot('boom', ({ x }: { x: number }): number => {
  throw new RangeError(`${x}`);
});

async function graph(): Promise<RunGraph> {
  const t = tapestry('t', (b) => {
    const x = b.parameter('x', z.number());
    const left = double({ x }, { id: 'left' });
    const right = double({ x }, { id: 'right' });
    const bad = boom({ x: right }, { id: 'bad' });
    return {
      sum: add({ a: left, b: right }, { id: 'sum' }),
      skipped: add({ a: bad, b: left }, { id: 'skipped' }),
    };
  });
  return (await runLocally(t, { x: 1 })).graph;
}

test('a small graph is drawn as boxes and lines, with what became of each knot', async () => {
  const { output } = recordedOutput();
  expect(`\n${graphLines(await graph(), output, 60)!.join('\n')}\n`).toBe(`
             ┌──────────────────┐
             │ ✓ x              │
             └─────────┬────────┘
           ┌───────────┴──────────┐
  ┌────────┴────────┐    ┌────────┴────────┐
  │ ✓ left          │    │ ✓ right         │
  └────────┬────────┘    └────────┬────────┘
         ┌─┴─────────┐            │
         │ ┌─────────┼───────────┬┘
┌────────┴─┴───────┐ │ ┌─────────┴───────┐
│ ✓ sum            │ │ │ ✗ bad           │
└──────────────────┘ │ └─────────┬───────┘
                     └────┐ ┌────┘
                 ┌────────┴─┴───────┐
                 │ − skipped        │
                 └──────────────────┘
`);
});

test('one that is wider than the terminal, large, or without a wire is not drawn', async () => {
  const { output } = recordedOutput();
  const small = await graph();
  expect(graphLines(small, output, 30)).toBeUndefined();
  const many = Array.from({ length: 31 }, (_, index) => ({ ...small.knots[1]!, id: `k${index}` }));
  expect(graphLines({ knots: many }, output, 10_000)).toBeUndefined();
  expect(
    graphLines({ knots: [small.knots[0]!, { ...small.knots[0]!, id: 'param:y' }] }, output),
  ).toBeUndefined();
});
