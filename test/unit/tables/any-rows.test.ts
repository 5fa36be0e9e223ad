import fc from 'fast-check';
import { table } from '../../../src';

const Any = table({
  id: 'int64?',
  text: 'utf8?',
  x: 'float64?',
  at: 'timestamp[us]?',
  list: 'list<struct<"a":utf8,"b":int32>>?',
  bytes: 'binary?',
});
const nullable = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of, { nil: null });
const row = fc.record({
  id: nullable(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  text: nullable(fc.string({ unit: 'grapheme' })),
  x: nullable(fc.double()),
  at: nullable(fc.bigInt({ min: -(10n ** 16n), max: 10n ** 17n })),
  list: nullable(
    fc.array(nullable(fc.record({ a: nullable(fc.string()), b: nullable(fc.integer()) })), { maxLength: 4 }),
  ),
  bytes: nullable(fc.uint8Array({ maxLength: 20 })),
});

test('any rows come back from Parquet with the same hash and values', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 30 }), async (rows) => {
      const made = await Any.from(rows);
      const read = await made.rows().toArray();
      expect(read.map(({ at: _, ...rest }) => rest)).toEqual(rows.map(({ at: _, ...rest }) => rest));
      expect((await Any.from(read)).hash).toBe(made.hash);
    }),
    { numRuns: 60 },
  );
});

test('rows that stream are not held in memory', async () => {
  const Wide = table({ id: 'int64', text: 'utf8' });
  const count = 500_000;
  /** The most memory in each half of the rows. */
  const most = [0, 0];
  async function* rows(): AsyncGenerator<{ id: number; text: string }> {
    for (let id = 0; id < count; id++) {
      const half = id < count / 2 ? 0 : 1;
      if (id % 10_000 === 0) most[half] = Math.max(most[half]!, process.memoryUsage().rss);
      yield { id, text: `${id}-`.padEnd(1_000, String(id * 7919)) };
    }
    await Promise.resolve();
  }
  const made = await Wide.from(rows());
  expect(made.rowCount).toBe(count);
  let sum = 0;
  for await (const { id } of made.rows({ from: count - 10 })) sum += Number(id);
  expect(sum).toBe(4_999_945);
  // The second half has 250 MB of text.
  expect((most[1]! - most[0]!) / 1024 ** 2).toBeLessThan(125);
});
