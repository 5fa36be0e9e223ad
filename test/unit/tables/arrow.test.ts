import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as apache from 'apache-arrow';
import { table } from '../../../src';
import * as arrow from '../../../src/table-files/arrow-library';

const Orders = table({ id: 'int64', name: 'utf8?', at: 'timestamp[us]' });
const ROWS = [
  { id: 2n ** 62n, name: 'pen', at: '2026-01-01T00:00:00.000001' },
  { id: 1n, name: null, at: '9999-12-31T23:59:59.999999' },
];

function columnOf(type: arrow.DataType, values: unknown[]): arrow.Column<unknown> {
  return arrow.columnFromArray<unknown>(values, type);
}

/** A table with a column `c`, by way of bytes. */
function bytesWith(type: arrow.DataType, values: unknown[], metadata?: Map<string, string>): Uint8Array {
  const made = arrow.tableFromColumns({ c: columnOf(type, values) });
  Object.assign(made.schema.fields[0]!, { metadata });
  return arrow.tableToIPC(made, { format: 'stream' })!;
}

describe('Arrow', () => {
  it('is made of a table, and a table of it, with the same hash', async () => {
    const orders = await Orders.from(ROWS);
    const given = await orders.arrow();
    expect(given.numRows).toBe(2);
    expect(given.getChild('id').at(0)).toBe(2n ** 62n);
    expect((await Orders.fromArrow(given)).hash).toBe(orders.hash);
    const bytes = arrow.tableToIPC(given, { format: 'stream' })!;
    const again = await Orders.fromArrow(bytes);
    expect(again.hash).toBe(orders.hash);
    expect(await again.rows().toArray()).toEqual(ROWS);
    // Bytes may lie anywhere in memory.
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect((await Orders.fromArrow(shifted.subarray(3))).hash).toBe(orders.hash);
    const asNumbers = await orders.arrow({ useBigIntTimestamp: false });
    expect(asNumbers.getChild('at').at(0)).toBeCloseTo(Date.UTC(2026, 0, 1), 0);
  });

  it('is read from a path and from a stream, with the columns that are declared', async () => {
    const orders = await Orders.from(ROWS);
    const bytes = arrow.tableToIPC(await orders.arrow(), { format: 'file' })!;
    const folder = mkdtempSync(path.join(tmpdir(), 'arrow-'));
    try {
      writeFileSync(path.join(folder, 'orders.arrow'), bytes);
      expect((await Orders.fromArrow(path.join(folder, 'orders.arrow'))).hash).toBe(orders.hash);
    } finally {
      rmSync(folder, { recursive: true });
    }
    async function* pieces(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(bytes.subarray(0, 100));
      yield bytes.subarray(100);
    }
    const some = await table({ name: 'utf8?', id: 'int64' }).fromArrow(pieces());
    expect(some.hash).toBe(orders.select('name', 'id').hash);
  });

  it('of no rows, and of rows by a key, is a table', async () => {
    const none = await Orders.from([]);
    expect((await Orders.fromArrow(arrow.tableToIPC(await none.arrow(), { format: 'file' })!)).hash).toBe(
      none.hash,
    );
    const byKey = table({ id: 'int64', name: 'utf8?', at: 'timestamp[us]' }, { key: ['id'] });
    const sorted = await byKey.fromArrow(await (await Orders.from(ROWS)).arrow());
    expect((await sorted.columns()).id).toEqual([1n, 2n ** 62n]);
  });

  it.each([
    ['a lossy column', arrow.float16(), [1], 'float32', 'Cast it to float32'],
    ['times in milliseconds', arrow.timeMillisecond(), [1], 'time64[us]', 'Cast it to time64[us]'],
    ['dates in milliseconds', arrow.dateMillisecond(), [1], 'date32', 'Cast it to date32'],
    ['durations', arrow.duration(), [1], 'int64', 'say the unit'],
    ['nulls', arrow.nullType(), [null], 'utf8', 'Cast it'],
    ['wide decimals', arrow.decimal(40, 2, 256), [1n], 'decimal(38,2)', 'precision'],
    ['another width', arrow.int32(), [1], 'int64', 'in the file (bytes) it is int32'],
    [
      'another unit',
      arrow.timestamp(arrow.TimeUnit.MILLISECOND),
      [1],
      'timestamp[us]',
      'it is timestamp[ms]',
    ],
  ] as const)('with %s is refused with column and type', async (_, type, given, declared, why) => {
    const bytes = bytesWith(type, [...given]);
    const refused = table({ c: `${declared}?` }).fromArrow(bytes);
    await expect(refused).rejects.toMatchObject({
      code: 'UnsupportedTable',
      details: { column: 'c' },
      message: expect.stringContaining(why) as string,
    });
  });

  it.each(['uuid', ''])('with the extension type %j is refused, also within a list', async (name) => {
    const metadata = new Map([['ARROW:extension:name', name]]);
    const refused = {
      code: 'UnsupportedTable',
      details: { column: 'c' },
      message: expect.stringContaining('storage') as string,
    };
    await expect(
      table({ c: 'int64?' }).fromArrow(bytesWith(arrow.int64(), [1n], metadata)),
    ).rejects.toMatchObject(refused);
    const list = arrow.list(arrow.field('item', arrow.int64(), true, metadata));
    await expect(table({ c: 'list<int64>?' }).fromArrow(bytesWith(list, [[1n]]))).rejects.toMatchObject(
      refused,
    );
  });

  it('with a text that is not UTF-8 is refused with its row, unless the slot is null', async () => {
    const texts = (validity: number): arrow.Table => {
      const made = arrow.tableFromColumns({
        c: columnOf(arrow.list(arrow.utf8()), [['é'], ['é'], null, ['é', 'é']]),
      });
      const { children } = made.children[0]!.data[0]! as unknown as {
        children: { values: Uint8Array; offsets: Int32Array }[];
      };
      // The first text ends within its character, and the second begins there.
      if (validity === 0) children[0]!.offsets[1] = 1;
      return made;
    };
    const Lists = table({ c: 'list<utf8>?' });
    expect((await Lists.fromArrow(texts(1))).rowCount).toBe(4);
    await expect(Lists.fromArrow(texts(0))).rejects.toMatchObject({
      code: 'InvalidRows',
      details: { column: 'c', type: 'list<utf8>', row: 0 },
      message: expect.stringContaining('UTF-8') as string,
    });
  });

  it('with a decimal of too many digits is refused with its row', async () => {
    const made = bytesWith(arrow.decimal(4, 2, 128), [99.99, 100]);
    await expect(table({ c: 'decimal(4,2)' }).fromArrow(made)).rejects.toMatchObject({
      code: 'InvalidRows',
      details: { column: 'c', row: 1 },
    });
  });

  it('with two columns of one name is refused, if it is declared', async () => {
    const column = columnOf(arrow.int64(), [1n]);
    const bytes = arrow.tableToIPC(
      arrow.tableFromColumns([
        ['c', column],
        ['c', column],
        ['d', column],
      ]),
      { format: 'file' },
    )!;
    await expect(table({ c: 'int64' }).fromArrow(bytes)).rejects.toMatchObject({ code: 'UnsupportedTable' });
    expect((await table({ d: 'int64' }).fromArrow(bytes)).rowCount).toBe(1);
  });

  it('that is cut off is refused wherever the file ends', async () => {
    const file = arrow.tableToIPC(await (await Orders.from(ROWS)).arrow(), { format: 'file' })!;
    for (let size = 0; size < file.length; size++) {
      const cut = Orders.fromArrow(file.slice(0, size));
      await expect(cut).rejects.toMatchObject({
        code: expect.stringMatching(/^(UnreadableFile|UnsupportedTable)$/) as string,
      });
    }
  });

  it('of another library is given as its bytes', async () => {
    const foreign = apache.tableFromArrays({ c: Int32Array.of(1, 2) });
    const Numbers = table({ c: 'int32' });
    await expect(Numbers.fromArrow(foreign as never)).rejects.toMatchObject({
      code: 'UnreadableFile',
      message: expect.stringContaining('tableToIPC') as string,
    });
    expect((await Numbers.fromArrow(apache.tableToIPC(foreign))).hash).toBe(
      (await Numbers.from({ c: [1, 2] })).hash,
    );
  });

  it('with offsets beyond its values is refused', async () => {
    const made = arrow.tableFromColumns({ c: columnOf(arrow.utf8(), ['a', 'b']) });
    (made.children[0]!.data[0] as unknown as { offsets: Int32Array }).offsets[2] = 900;
    await expect(table({ c: 'utf8' }).fromArrow(made)).rejects.toMatchObject({
      code: 'UnreadableFile',
      details: { column: 'c' },
    });
  });
});
