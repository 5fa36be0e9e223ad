import fc from 'fast-check';
import { inParallel, resultsInParallel } from '../../../src/values/in-parallel';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('items are begun in order, so many at once at most, and none after a failure or a hold', async () => {
  const cases = fc.record({
    /** By item, how many turns its work takes, and whether it fails. */
    items: fc.array(fc.record({ turns: fc.nat(3), fails: fc.boolean() }), { maxLength: 12 }),
    limit: fc.constantFrom(1, 2, 5, Infinity),
    heldAfter: fc.option(fc.nat(12), { nil: Infinity }),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ items, limit, heldAfter }) => {
      const begun: number[] = [];
      const failed: number[] = [];
      let atOnce = 0;
      const done = inParallel(
        items.entries(),
        limit,
        async ([index, { turns, fails }]) => {
          expect(failed).toEqual([]);
          begun.push(index);
          expect(++atOnce).toBeLessThanOrEqual(limit);
          for (let left = turns; left > 0; left--) await turn();
          atOnce -= 1;
          if (!fails) return;
          failed.push(index);
          throw new Error(String(index));
        },
        () => begun.length >= heldAfter,
      );
      const error = await done.then(
        () => undefined,
        (thrown: Error) => thrown.message,
      );
      expect(atOnce).toBe(0);
      expect(error).toBe(failed.length > 0 ? String(failed[0]) : undefined);
      expect(begun).toEqual([...items.keys()].slice(0, begun.length));
      if (failed.length === 0) expect(begun).toHaveLength(Math.min(items.length, heldAfter));
    }),
  );
});

test('a source of items that throws ends the work like an item', async () => {
  const items = function* (): Generator<number> {
    yield 1;
    throw new Error('no more');
  };
  await expect(inParallel(items(), 3, turn)).rejects.toThrow('no more');
});

test('results come in the order of the items', async () => {
  const work = async (turns: number): Promise<number> => {
    for (let left = turns; left > 0; left--) await turn();
    return turns;
  };
  await expect(resultsInParallel(new Set([3, 1, 2]), 2, work)).resolves.toEqual([3, 1, 2]);
});
