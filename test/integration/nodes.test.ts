import { z } from 'zod';

import { aggregate, knot, local, queue, reduce, runLocally, tapestry, type Dispatcher } from '../../src';
import { CACHING, closeAll, openSelvage } from '../support/open-selvage';

afterEach(closeAll);

const range = knot('range', ({ n }: { n: number }) => Array.from({ length: n }, (_, index) => index + 1));

function statistics(name: string, dispatcher: Dispatcher) {
  return tapestry(name, { knots: { dispatcher } }, (t) => {
    const n = t.parameter('n', z.number());
    const numbers = range({ n }, { id: 'numbers' });
    const highest = reduce({ of: numbers, combine: (all) => Math.max(...all) }, { id: 'highest' });
    const sum = reduce(
      { of: numbers, fold: async (so: number, element) => so + element, initial: 0 },
      { id: 'sum', retry: { maximumAttempts: 2 } },
    );
    const wrong = aggregate(
      { inputs: { n }, combine: ({ n }) => n as unknown as number[] },
      { id: 'no-list' },
    );
    reduce({ of: wrong, combine: (all) => all.length }, { id: 'wrong' });
    return {
      line: aggregate(
        {
          inputs: { highest, sum, unit: 'm' },
          combine: (given, { knotId }) => `${knotId}: ${given.highest} of ${given.sum} ${given.unit}`,
        },
        { id: 'line' },
      ),
    };
  });
}
const queued = statistics('queued-statistics', queue());
const gathered = statistics('local-statistics', local());

describe.each(CACHING)('$name', ({ maxCachedWorkflows }) => {
  test.each([queued, gathered])(
    'nodes come to what they come to in process, and so do their hashes ($name)',
    async (shape) => {
      const here = await runLocally(shape, { n: 4 });
      const selvage = await openSelvage({ tapestries: [shape], workerOptions: { maxCachedWorkflows } });
      const run = await selvage.start(shape, { n: 4 });
      const result = await run.result();
      expect(result.values).toEqual({ line: 'line: 4 of 10 m' });
      expect(result.outcomes['wrong']).toMatchObject({ kind: 'err', error: { type: 'NotAList' } });
      const { items } = await run.lineage();
      const essence = (records: typeof items) =>
        Object.fromEntries(
          records.map(({ knot_id, knot_class, code_hash, knot_config_hash, output_hash }) => [
            knot_id,
            { knot_class, code_hash, knot_config_hash, output_hash },
          ]),
        );
      expect(essence(items)).toEqual(essence([...here.lineage]));
      expect(essence(items)['sum']).toMatchObject({
        knot_class: 'selvage.reduce.fold',
        code_hash: expect.any(String),
      });
    },
  );
});
