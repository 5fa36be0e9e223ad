import { table, type Table } from '../../../src';
import { engine } from '../../../src/table-files';

const COLUMNS = {
  id: 'int64',
  name: 'utf8?',
  price: 'decimal(18,2)',
  x: 'float64',
  at: 'timestamp[s]',
} as const;
const Orders = table(COLUMNS);
const BLOCK = 65_536;

function rows(from: number, to: number) {
  return Array.from({ length: to - from }, (_, index) => {
    const id = BigInt(from + index);
    const name = id % 7n === 0n ? null : `customer ${id % 100n}`;
    return { id, name, price: `${id}.25`, x: Number(id) / 3, at: 1_700_000_000n + id };
  });
}

async function fileOf(made: Table<never>): Promise<Buffer> {
  const { bytes } = await made.written();
  return Buffer.from(await bytes.slice(0, bytes.size));
}

test('rows are appended, and whole blocks are taken over as they are', async () => {
  const [old, more] = [rows(0, BLOCK + 10), rows(BLOCK + 10, BLOCK + 30)];
  const before = await Orders.from(old);
  const after = await Orders.append(await Orders.append(before, more.slice(0, 1)), more.slice(1));
  const whole = await Orders.from([...old, ...more]);
  expect(after.hash).toBe(whole.hash);
  expect(after.rowCount).toBe(old.length + more.length);
  const [read, wanted] = [await after.columns(), await whole.columns()];
  expect(read.price.join() === wanted.price.join() && read.at.join() === wanted.at.join()).toBe(true);
  expect(await after.rows({ from: BLOCK - 1 }).toArray()).toEqual(
    await whole.rows({ from: BLOCK - 1 }).toArray(),
  );

  const [oldFile, newFile] = [await fileOf(before as never), await fileOf(after as never)];
  let shared = 0;
  while (oldFile[shared] === newFile[shared]) shared++;
  // The last block of ten rows is small.
  expect(shared / oldFile.length).toBeGreaterThan(0.95);
  const [made, expected] = await Promise.all(
    [after, whole].map(async (one) => {
      const { manifest, bytes } = await one.written();
      return { manifest, footer: await engine.footer(bytes, manifest) };
    }),
  );
  expect(made!.footer).toEqual(expected!.footer);
  expect(made!.manifest.blocks).toEqual(expected!.manifest.blocks);
});

test('to few rows, to a selection, and by a key, rows are appended, too', async () => {
  const few = await Orders.from(rows(0, 3));
  expect((await Orders.append(few, rows(3, 5))).hash).toBe((await Orders.from(rows(0, 5))).hash);
  expect((await Orders.append(few, [])).hash).toBe(few.hash);
  const Some = table({ x: 'float64', id: 'int64' });
  const wide = await table({ id: 'int64', x: 'float64' }).from({
    id: new BigInt64Array(BLOCK),
    x: new Float64Array(BLOCK),
  });
  const some = wide.select('x', 'id');
  const appended = await Some.append(some, { x: [1], id: [7n] });
  expect(await appended.rows({ from: BLOCK }).toArray()).toEqual([{ x: 1, id: 7n }]);
  const ByKey = table({ id: 'int64' }, { key: ['id'] });
  const sorted = await ByKey.append(await ByKey.from([{ id: 5n }, { id: 9n }]), [{ id: 7n }, { id: 1n }]);
  expect((await sorted.columns()).id).toEqual([1n, 5n, 7n, 9n]);
});

test('further rows are checked, and counted from the first of them', async () => {
  const few = await Orders.from(rows(0, 3));
  const [row] = rows(3, 4);
  await expect(Orders.append(few, [row!, { ...row!, price: null as never }])).rejects.toMatchObject({
    code: 'InvalidRows',
    details: { column: 'price', row: 1 },
  });
  await expect(Orders.append(few.select('id') as never, [row!])).rejects.toMatchObject({
    code: 'UnsupportedTable',
  });
});

test('a table with null where its new schema allows none is refused', async () => {
  const Maybe = table({ id: 'int64?' });
  const made = await Maybe.from([{ id: 1n }, { id: null }]);
  await expect(table({ id: 'int64' }).from(made as never)).rejects.toMatchObject({
    code: 'InvalidRows',
    details: { column: 'id', row: 1 },
  });
  const full = await Maybe.from([{ id: 1n }]);
  expect((await table({ id: 'int64' }).from(full as never)).hash).toBe(full.hash);
});
