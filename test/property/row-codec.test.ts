import * as fc from 'fast-check';
import { z } from 'zod';
import { column, RowCodec } from '../../src/ports/columns';

const schema = z.object({
  name: z.string(),
  runId: z.string().nullable(),
  kind: z.enum(['a', 'b']),
  attempt: z.int32(),
  outputSize: z.int().nullable(),
  started_at: column(z.number(), { differs: true }),
  tags: column(z.array(z.string()), { isSearched: true }),
  extra: z.record(z.string(), z.unknown()).nullable(),
});
const codec = new RowCodec<z.infer<typeof schema>>(schema);

test('the columns follow from the schema', () => {
  expect(codec.columns).toEqual([
    { name: 'name', kind: 'text', isNullable: false },
    { name: 'run_id', kind: 'text', isNullable: true },
    { name: 'kind', kind: 'text', isNullable: false },
    { name: 'attempt', kind: 'int32', isNullable: false },
    { name: 'output_size', kind: 'integer', isNullable: true },
    { name: 'started_at', kind: 'number', isNullable: false, differs: true },
    { name: 'tags', kind: 'json', isNullable: false, isSearched: true },
    { name: 'extra', kind: 'json', isNullable: true },
  ]);
  expect(codec.names).toEqual(codec.columns.map(({ name }) => name));
});

const record = fc.record<z.infer<typeof schema>>({
  name: fc.string({ unit: 'binary' }),
  runId: fc.option(fc.string()),
  kind: fc.constantFrom('a', 'b'),
  attempt: fc.integer(),
  outputSize: fc.option(fc.maxSafeNat()),
  started_at: fc.double({ noNaN: true, noDefaultInfinity: true }),
  tags: fc.array(fc.string()),
  extra: fc.option(
    fc.dictionary(
      fc.string(),
      fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown),
    ),
  ),
});

test('a record comes back from its row as it was, whatever else the row has', () => {
  fc.assert(
    fc.property(record, (given) => {
      const row = codec.toRow(given);
      expect(Object.keys(row)).toEqual(codec.names);
      expect(Object.values(row)).toEqual(codec.values(given));
      for (const value of Object.values(row)) expect(value === null || typeof value !== 'object').toBe(true);
      expect(codec.fromRow({ id: 1, ...row, change: 2 } as never)).toEqual(given);
      const wide = {
        ...row,
        attempt: BigInt(given.attempt),
        output_size: given.outputSize && BigInt(given.outputSize),
      };
      expect(codec.fromRow(wide as never)).toEqual(given);
    }),
  );
});

test('facts belong to one field, even where two have one schema', () => {
  const hash = z.string();
  const { columns } = new RowCodec(z.object({ one: column(hash, { differs: true }), other: hash }));
  expect(columns.map(({ differs }) => differs)).toEqual([true, undefined]);
});
