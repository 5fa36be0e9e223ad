import fc from 'fast-check';
import { table } from '../../../src';

const Orders = table(
  { id: 'int64', name: 'utf8?', price: 'decimal(18,2)', at: 'timestamp[us]' },
  { key: ['id'] },
);
const rows = [
  { id: 2n, name: null, price: '0.10', at: '2026-01-02T00:00:00.000001' },
  { id: 1n, name: 'ç', price: '12.50', at: '2026-01-01T00:00:00' },
];

describe('a table', () => {
  it('has the hash of the specification', async () => {
    const given = [
      { id: 1, name: 'a', x: 1.5, t: '2026-01-01T00:00:00' },
      { id: 2, name: null, x: NaN, t: null },
      { id: 3, name: 'ç', x: -0, t: '2026-01-02T00:00:00' },
    ];
    const made = await table({ id: 'int64', name: 'utf8?', x: 'float64', t: 'timestamp[us]?' }).from(given);
    expect(made.hash).toMatch(/^table-sha256:ca0d438289b83fd5/);
  });

  it('keeps the sign of zero where values repeat, also inside lists and structs', async () => {
    const x = [0, 0, 0, -0, -0, -0];
    const made = await table({ x: 'float32', l: 'list<float64>', s: 'struct<"y":float64>' }).from(
      x.map((value) => ({ x: value, l: [value], s: { y: value } })),
    );
    const expected = x.map((value) => ({ x: value, l: [value], s: { y: value } }));
    expect(await made.rows().toArray()).toStrictEqual(expected);
  });

  it('is sorted by its key, and read as it was given', async () => {
    const made = await Orders.from(rows);
    expect(made.rowCount).toBe(2);
    expect(made.schema).toEqual({ id: 'int64', name: 'utf8', price: 'decimal(18,2)', at: 'timestamp[us]' });
    const read = await made.rows().toArray();
    expect(read.map(({ id }) => id)).toEqual([1n, 2n]);
    expect(read[1]).toMatchObject({ name: null, price: '0.10' });
    expect((await Orders.from(read)).hash).toBe(made.hash);
    expect((await Orders.from([...rows].reverse())).hash).toBe(made.hash);
  });

  it('refuses a key that comes twice, with its rows', async () => {
    await expect(Orders.from([...rows, rows[1]!])).rejects.toMatchObject({
      code: 'InvalidRows',
      details: { rows: [1, 2], key: { id: '1' } },
    });
  });

  it('refuses null with column, type and row', async () => {
    await expect(Orders.from([{ ...rows[0]!, price: null as unknown as string }])).rejects.toMatchObject({
      code: 'InvalidRows',
      details: { column: 'price', type: 'decimal(18,2)', row: 0 },
    });
  });

  it('gives columns, and a part of its rows', async () => {
    const made = await Orders.from(rows);
    expect((await made.columns()).price).toEqual(['12.50', '0.10']);
    const selected = made.select('price', 'id');
    expect(await selected.rows().toArray()).toEqual([
      { price: '12.50', id: 1n },
      { price: '0.10', id: 2n },
    ]);
    const alike = await table({ price: 'decimal(18,2)', id: 'int64' }).from(selected);
    expect(alike.hash).toBe(selected.hash);
    expect((await (await made.slice(1)).rows().toArray()).map(({ id }) => id)).toEqual([2n]);
  });

  it('is read from CSV, with file and line of what does not fit', async () => {
    const text = 'id,name,price,at\n2,"",0.10,2026-01-02 00:00:00\n1,,12.50,2026-01-01T00:00:00\n';
    const made = await Orders.fromCsv(Buffer.from(text));
    expect((await made.columns()).name).toEqual([null, '']);
    await expect(Orders.fromCsv(Buffer.from(text.replace('12.50', '12.505')))).rejects.toMatchObject({
      code: 'InvalidRows',
      details: { line: 3, column: 'price' },
    });
  });

  it('tells a missing cell of CSV from a text in quotes that equals it, wherever both stand', async () => {
    const Words = table({ a: 'utf8?', b: 'utf8?', c: 'utf8?' });
    const cell = fc.option(fc.oneof(fc.constantFrom('', 'NA', '"', '""', 'x;y', '\r\n', '\n'), fc.string()));
    const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ a: cell, b: cell, c: cell, skipped: fc.boolean() })),
        fc.constantFrom('', 'NA'),
        async (given, none) => {
          const lines = given.flatMap(({ a, b, c, skipped }) => [
            ...(skipped ? [''] : []),
            // Only nulls would be a line without content.
            [a, b, c ?? 'c'].map((text) => (text === null ? none : quoted(text))).join(';'),
          ]);
          const file = Buffer.from(['a;b;c', ...lines].join('\n'));
          const read = await Words.fromCsv(file, { delimiter: ';', null: none });
          expect(await read.rows().toArray()).toEqual(given.map(({ a, b, c }) => ({ a, b, c: c ?? 'c' })));
        },
      ),
    );
  });

  it('is not read from CSV in another encoding, whose letters would be lost', async () => {
    const Words = table({ word: 'utf8' });
    const utf16 = Buffer.from('\ufeffword\nç\n', 'utf16le');
    expect((await Words.fromCsv(utf16)).hash).toBe((await Words.fromCsv(Buffer.from('word\nç\n'))).hash);
    await expect(Words.fromCsv(Buffer.from('word\nç\n', 'latin1'))).rejects.toMatchObject({
      code: 'UnreadableFile',
      message: expect.stringContaining('UTF-8') as string,
    });
  });

  describe.each(['fromParquet', 'fromCsv', 'fromArrow'] as const)('%s refuses', (read) => {
    it.each([
      ['a file that is missing', 'no/such/file', 'no/such/file', 'ENOENT'],
      ['a folder', __dirname, __dirname, 'EISDIR'],
      ['an address without a server', 'http://', 'http:', 'not an address'],
      ['a password, without showing it', 'http://me:hidden@h/x?key=hidden', 'http://h/x', 'credentials'],
      ['an address of another kind', 'ftp://me:hidden@h/x?key=hidden', 'ftp:', 's3://'],
    ])('%s', async (_what, source, shown, reason) => {
      const refused = Orders[read](source);
      await expect(refused).rejects.toMatchObject({
        code: 'UnreadableFile',
        message: expect.stringContaining(reason) as string,
      });
      const { message, cause } = (await refused.catch((error: unknown) => error)) as Error;
      expect(message).toContain(shown);
      expect(`${message} ${String(cause)}`).not.toContain('hidden');
    });

    it('what is no source', async () => {
      await expect(Orders[read](undefined as never)).rejects.toMatchObject({ code: 'UnreadableFile' });
    });

    it('nothing of the error of a stream, which it throws as it is', async () => {
      const broken = new Error('broken');
      async function* stream(): AsyncGenerator<Uint8Array> {
        yield await Promise.resolve(Buffer.from('id\n1\n'));
        throw broken;
      }
      await expect(Orders[read](stream())).rejects.toBe(broken);
    });
  });

  it('takes every type through Parquet', async () => {
    const All = table({
      a: 'uint64',
      b: 'uint32',
      c: 'int8',
      d: 'date32?',
      e: 'time64[ns]',
      f: 'timestamp[s]',
      g: 'timestamp[ns, tz=Europe/Berlin]',
      h: 'list<list<utf8>>?',
      i: 'struct<"x":int16,"y":binary>?',
      j: 'bool',
      k: 'decimal(38,10)',
      l: 'float32',
      m: 'binary',
    });
    const one = {
      a: 2n ** 64n - 1n,
      b: 2 ** 32 - 1,
      c: -128,
      d: '1969-12-31',
      e: '23:59:59.999999999',
      f: '2026-01-01T00:00:00',
      g: '2026-01-01T00:00:00.123456789Z',
      h: [['\ufeffa', null], [], null],
      i: { x: -1, y: new Uint8Array([1]) },
      j: true,
      k: '-1234567890123456789012345678.0123456789',
      l: 1.5,
      m: new Uint8Array([0, 255]),
    };
    const other = { ...one, d: null, h: null, i: null, a: 0n, b: 0, k: '0.0000000001', l: NaN, j: false };
    const third = { ...one, h: [], i: { x: null, y: null } };
    const made = await All.from([one, other, third]);
    const read = await made.rows().toArray();
    expect(read[0]!.h).toEqual(one.h);
    expect(read[1]).toMatchObject({ d: null, h: null, i: null });
    expect(read[2]).toMatchObject({ h: [], i: { x: null, y: null } });
    expect((await All.from(read)).hash).toBe(made.hash);
    expect((await All.fromParquet((await made.parquet()).stream())).hash).toBe(made.hash);
  });
});
