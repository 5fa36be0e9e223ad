import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  knot,
  runLocally,
  sql,
  table,
  tapestry,
  type Knot,
  type SelvageError,
  type Table,
} from '../../../../src';
import { createInMemoryBackends } from '../../../../src/backends';
import { createLocalDiskDataStore } from '../../../../src/adapters/disk';
import { thrownBy } from '../../../support/thrown-by';

const Orders = table({ id: 'int64', customer: 'utf8', price: 'decimal(18,2)', weight: 'float64?' });
const Customers = table({ customer: 'utf8', city: 'utf8?' });
const ORDERS = [
  { id: 3, customer: 'bo', price: '5.00', weight: 0.5 },
  { id: 1, customer: 'al', price: '1.25', weight: null },
  { id: 2, customer: 'al', price: '9.75', weight: 1.5 },
];
const orders = knot('orders', { output: Orders }, () => ORDERS);
const customers = knot('customers', { output: Customers }, () => [
  { customer: 'al', city: 'Rome' },
  { customer: 'bo', city: null },
]);
type AnyOrders = Knot<Table<Record<string, unknown>>>;

/** The knot's rows, or the error with which it fails. */
async function ask(
  query: (from: { orders: AnyOrders; customers: AnyOrders }) => Knot<Table<Record<string, unknown>>>,
) {
  const built = tapestry('asked', () => {
    const result = query({
      orders: orders({}, { id: 'orders' }),
      customers: customers({}, { id: 'customers' }),
    });
    return { result };
  });
  const { values, outcomes } = await runLocally(built, {});
  const outcome = outcomes[Object.keys(outcomes).find((id) => id.startsWith('q'))!]!;
  const error = outcome.kind === 'err' ? outcome.error : undefined;
  return { rows: await values.result?.rows().toArray(), table: values.result, error };
}
const rowsOf = async (query: string) =>
  (await ask(({ orders, customers }) => sql({ query, inputs: { orders, customers } }, { id: 'q' }))).rows;
const errorOf = async (query: string, inputs: object = {}) =>
  (await ask(({ orders }) => sql({ query, inputs: { orders, ...inputs } }, { id: 'q' }))).error;

describe('a query', () => {
  it('joins tables and computes, as a knot with a typed table', async () => {
    const Totals = table({ city: 'utf8?', total: 'decimal(38,2)' });
    const { rows, table: found } = await ask(({ orders, customers }) =>
      sql`select city, sum(price) as total from ${orders} join ${customers} using (customer)
            where price > ${1.5} group by city order by total desc`({ id: 'q', output: Totals }),
    );
    expect(rows).toEqual([
      { city: 'Rome', total: '9.75' },
      { city: null, total: '5.00' },
    ]);
    expect(found!.schema).toEqual({ city: 'utf8', total: 'decimal(38,2)' });
  });

  it('has the hash of the same rows that a body returns', async () => {
    const same = await Orders.from(ORDERS);
    const { table: found } = await ask(({ orders }) => sql`select * from ${orders}`({ id: 'q' }));
    expect(found!.hash).toBe(same.hash);
  });

  it('takes values of all kinds, which are never pasted', async () => {
    const evil = "al' or 1=1 --";
    const { rows } = await ask(() =>
      sql`select ${evil} as text, ${7} as whole, ${0.5} as part, ${2n ** 70n} as huge, ${true} as flag,
          ${['a', 'b']} as list, ${[1, 2.5]} as mixed, ${new Date('2026-01-31T12:00:00.123Z')} as at,
          ${new Uint8Array([1, 2])} as bytes, ${null} is null as none`({ id: 'q' }),
    );
    expect(rows).toEqual([
      {
        text: evil,
        whole: 7n,
        part: 0.5,
        huge: String(2n ** 70n),
        flag: true,
        list: ['a', 'b'],
        mixed: [1, 2.5],
        at: '2026-01-31T12:00:00.123000Z',
        bytes: new Uint8Array([1, 2]),
        none: true,
      },
    ]);
    const found = await ask(({ orders }) =>
      sql`select id from ${orders} where customer = ${evil}`({ id: 'q' }),
    );
    expect(found.rows).toEqual([]);
  });

  it('keeps types that tables have, and casts those that they do not have', async () => {
    const { table: found, rows } = await ask(() =>
      sql`select 1::utinyint a, 2::ubigint b, date '2026-01-31' c, time '12:30:00' d, '12:30:00'::time_ns e,
          timestamp_s '2026-01-31' f, timestamp_ms '2026-01-31' g, timestamp_ns '2026-01-31' h, [{'x': 1::hugeint}] i,
          uuid '00000000-0000-0000-0000-000000000001' j, 'b'::enum('a', 'b') k, [1, 2]::int[2] l,
          'NaN'::double m, [timestamp_s '2026-01-31'] n`({ id: 'q' }),
    );
    expect(found!.schema).toEqual({
      a: 'uint8',
      b: 'uint64',
      c: 'date32',
      d: 'time64[us]',
      e: 'time64[ns]',
      f: 'timestamp[s]',
      g: 'timestamp[ms]',
      h: 'timestamp[ns]',
      i: 'list<struct<"x":decimal(38,0)>>',
      j: 'utf8',
      k: 'utf8',
      l: 'list<int32>',
      m: 'float64',
      n: 'list<timestamp[s]>',
    });
    expect(rows![0]).toMatchObject({ a: 1, b: 2n, f: '2026-01-31T00:00:00', k: 'b', l: [1, 2], m: NaN });
  });

  it('has the hash of its one table, whatever the types', async () => {
    const All = table({
      ...Object.fromEntries(
        ['int8', 'int16', 'int32', 'uint8', 'uint16', 'uint32'].map((type) => [type, `${type}?`]),
      ),
      int64: 'int64?',
      uint64: 'uint64?',
      float32: 'float32?',
      float64: 'float64?',
      decimal: 'decimal(38,5)?',
      text: 'utf8?',
      bytes: 'binary?',
      flag: 'bool?',
      date: 'date32?',
      time: 'time64[us]?',
      timeNs: 'time64[ns]?',
      s: 'timestamp[s]?',
      ms: 'timestamp[ms]?',
      us: 'timestamp[us]?',
      ns: 'timestamp[ns]?',
      at: 'timestamp[us, tz=UTC]?',
      list: 'list<struct<"a b":int8,"s":timestamp[s]>>?',
      struct: 'struct<"x":list<utf8>,"y":decimal(4,1)>?',
    } as Record<string, string>);
    const row = {
      ...{ int8: -128, int16: -1, int32: 2 ** 31 - 1, uint8: 255, uint16: 65_535, uint32: 2 ** 32 - 1 },
      int64: -(2n ** 63n),
      uint64: 2n ** 64n - 1n,
      float32: 0.5,
      float64: -0,
      decimal: '-123456789012345678901234567890.12345',
      text: '\u{1f600}',
      bytes: new Uint8Array([0, 255]),
      flag: false,
      date: '0001-01-01',
      time: '23:59:59.999999',
      timeNs: '23:59:59.999999999',
      s: '2026-01-31T00:00:01',
      ms: '2026-01-31T00:00:00.001',
      us: '1900-01-31T00:00:00.000001',
      ns: '2026-01-31T00:00:00.000000001',
      at: '2026-01-31T00:00:00.000001Z',
      list: [{ 'a b': 1, s: '2026-01-31T00:00:01' }, null],
      struct: { x: ['a', null], y: '-1.5' },
    };
    const rows = [row, Object.fromEntries(Object.keys(row).map((name) => [name, null]))];
    const all = knot('all', { output: All }, () => rows as never);
    const same = await All.from(rows as never);
    const { table: found, error } = await ask(() =>
      sql`select * from ${all({}, { id: 'all' }) as unknown as AnyOrders}`({ id: 'q' }),
    );
    expect(error).toBeUndefined();
    expect(found!.schema).toEqual(same.schema);
    expect(found!.hash).toBe(same.hash);
  });

  it('is reused if it is cached, until its text is another', async () => {
    const backends = createInMemoryBackends();
    const build = (text: string) =>
      tapestry('reused', () => ({
        q: sql({ query: text, inputs: { orders: orders({}, { id: 'orders' }) } }, { id: 'q', cache: true }),
      }));
    const run = async (text: string) => {
      const { lineage } = await runLocally(build(text), {}, { backends });
      return lineage.find(({ knot_id: id }) => id === 'q')!;
    };
    const first = await run('select id from orders');
    const second = await run('select id from orders');
    const third = await run('select id + 0 as id from orders');
    expect([first, second, third].map(({ cached_from_run: run }) => run)).toEqual([null, first.run_id, null]);
    expect(third.output_hash).toBe(first.output_hash);
  });

  it('has its columns in the declared order', async () => {
    const Few = table({ id: 'int64', customer: 'utf8' });
    const { table: found } = await ask(({ orders }) =>
      sql`select id, customer from ${orders}`({ id: 'q', output: Few }),
    );
    expect(Object.keys(found!.schema)).toEqual(['id', 'customer']);
  });
});

describe('the order of rows', () => {
  const ids = async (query: string) => (await rowsOf(query))!.map(({ id }) => id);

  it('is that of one table that is filtered', async () => {
    expect(await ids('select id from orders where price > 1')).toEqual([3n, 1n, 2n]);
    expect(await ids('select id from orders limit 2')).toEqual([3n, 1n]);
  });

  it('is that of one table also where several threads read it', async () => {
    const many = tapestry('many', () => {
      const all = sql({ query: 'select range as id from range(300000)' }, { id: 'all' });
      return { even: sql`select id from ${all} where id % 2 = 0`({ id: 'even', threads: 4 }) };
    });
    const { values } = await runLocally(many, {});
    const { id } = await values.even!.columns();
    expect(id!.length).toBe(150_000);
    expect(id!.findIndex((one, index) => one !== BigInt(2 * index))).toBe(-1);
  });

  it('is that of all columns for other queries', async () => {
    expect(await ids('select distinct id from orders')).toEqual([1n, 2n, 3n]);
    expect(await ids('select id from orders join customers using (customer) limit 2')).toEqual([1n, 2n]);
    expect(await ids('select id from orders union all select id from orders')).toEqual([
      1n,
      1n,
      2n,
      2n,
      3n,
      3n,
    ]);
  });

  it('is that of the author, and ties are broken by all columns', async () => {
    expect(await ids('select id, customer from orders order by customer desc limit 2 -- those')).toEqual([
      3n,
      1n,
    ]);
    expect(await ids('select id from orders order by all desc;')).toEqual([3n, 2n, 1n]);
    expect(
      await ids(
        "with o as (select * from orders where customer <> 'it''s') select id from o order by customer, price desc",
      ),
    ).toEqual([2n, 1n, 3n]);
    const large = 'select 18446744073709551615 as id, 9007199254740993 as n order by n';
    expect(await rowsOf(large)).toEqual([{ id: '18446744073709551615', n: 9007199254740993n }]);
  });

  it('is that of the key of the output, in which no key comes twice', async () => {
    const Keyed = table({ customer: 'utf8', id: 'int64' }, { key: ['customer', 'id'] });
    const { rows, table: found } = await ask(({ orders }) =>
      sql`select customer, id from ${orders}`({ id: 'q', output: Keyed }),
    );
    expect(rows!.map(({ id }) => id)).toEqual([1n, 2n, 3n]);
    expect(found!.key).toEqual(['customer', 'id']);
    const ByCustomer = table({ customer: 'utf8' }, { key: ['customer'] });
    const { error } = await ask(({ orders }) =>
      sql`select customer from ${orders}`({ id: 'q', output: ByCustomer }),
    );
    expect(error).toMatchObject({ type: 'InvalidRows', message: expect.stringContaining('customer = al') });
  });
});

describe('a query is refused', () => {
  it('with line and column of the text as it was written', async () => {
    const { error } = await ask(({ orders }) =>
      sql`select '€',
  pric from ${orders} where id > ${1}`({ id: 'q' }),
    );
    expect(error).toMatchObject({ type: 'InvalidSql' });
    expect(error!.message).toContain(
      'The query of knot "q", at line 2, column 3, is refused: Referenced column "pric"',
    );
    const later = await ask(({ orders }) => sql`select id from ${orders} where ${1} + nope > 2`({ id: 'q' }));
    expect(later.error!.message).toContain(
      `at line 1, column ${'select id from ${orders} where ${value} + '.length + 1},`,
    );
    expect((await errorOf('selec 1'))!.message).toContain('at line 1, column 1, is refused: syntax error');
    expect((await errorOf("select id, 'x'::int as n from orders"))!.message).toContain(
      'at line 1, column 15,',
    );
  });

  it.each([
    ['insert into orders values (1)', 'is not one SELECT'],
    ['select 1 as a; select 2 as b', 'is not one SELECT'],
    ['select 1 as a, 2 as A', 'two columns "A"'],
    ['select id from orders where id = $id', '"id" is no input. Its inputs are orders'],
    ['select $orders as a', '"orders" is a table: write it without $'],
    ['select random() as r', 'column 8, calls random()'],
    ["select id from orders where current_date > date '2020-01-01'", 'Take the value as an input'],
    ["select age(timestamp '2020-01-01') is null as a", 'Take the value as an input'],
    ['select name from duckdb_settings()', 'calls duckdb_settings()'],
    ["select * from query('select 1')", 'runs a text by query()'],
    ['select id from orders using sample 2', 'takes a sample'],
    ['select list(id) as ids from orders', 'list() without an order'],
    ['select any_value(id) as id from orders group by customer', 'any_value() without an order'],
    [
      'select id, row_number() over (partition by customer) as n from orders',
      'row_number() without an order',
    ],
    ['select count(*) as n from (select id from orders limit 1)', 'inner LIMIT or DISTINCT ON'],
  ])('%s', async (query, message) => {
    const error = await errorOf(query);
    expect(error).toMatchObject({ type: 'InvalidSql' });
    expect(error!.message).toContain(message);
  });

  it.each([
    [{ a: 1 }, 'an object'],
    [['a', 1], 'a list of values of several types'],
    [[{ id: 1 }], 'a list with an object'],
    ['\ud800', 'a text with a lone surrogate'],
  ])('for a value that cannot be bound: %j', async (value, message) => {
    const bad = knot('bad', () => (value === '\ud800' ? { half: 'x' } : value) as string);
    const { error } = await ask(() => sql`select ${bad({}, { id: 'bad' })} as x`({ id: 'q' }));
    expect(error!.message).toContain(value === '\ud800' ? 'an object' : message);
  });

  it('for columns that are not those of its output, before it runs', async () => {
    const Wrong = table({ id: 'int64', total: 'int64' });
    const { error } = await ask(({ orders }) =>
      sql`select id, sum(id) as total from ${orders} group by id`({ id: 'q', output: Wrong }),
    );
    expect(error).toMatchObject({ type: 'InvalidSql' });
    expect(error!.message).toContain('Column 2 is total decimal(38,0), and not total int64: cast it');
    const NotNull = table({ weight: 'float64' });
    const nulls = await ask(({ orders }) => sql`select weight from ${orders}`({ id: 'q', output: NotNull }));
    expect(nulls.error).toMatchObject({ type: 'InvalidOutput' });
  });

  it('for types that no table has', async () => {
    expect(await errorOf('select interval 1 day as i')).toMatchObject({ type: 'UnsupportedTable' });
  });

  it('where it is placed, for options that cannot be', () => {
    const refused = (config: object, inputs = {}): SelvageError =>
      thrownBy(() =>
        tapestry('t', () => {
          sql({ query: 'select 1', inputs, ...config }, { id: 'q' });
        }),
      );
    for (const config of [
      { memory: 'much' },
      { spill: 5 },
      { threads: 0 },
      { access: '/' },
      { output: {} },
      { query: ' ' },
    ]) {
      expect(refused(config)).toMatchObject({ code: 'InvalidConfig' });
    }
    expect(refused({}, { 'a b': 1 }).message).toContain('"a b"');
    expect(refused({}, { a: 1, A: 1 }).message).toContain('one name');
  });
});

describe('what a query may do', () => {
  it('reads no files, unless they are allowed', async () => {
    for (const from of [
      "read_text('/etc/passwd')",
      "read_csv('/etc/passwd')",
      "glob('/etc/*')",
      "'/etc/passwd.csv'",
    ]) {
      const error = await errorOf(`select * from ${from}`);
      expect(error).toMatchObject({ type: 'InvalidSql' });
    }
    const query = "select count(*) as n from read_text('/etc/passwd')";
    expect((await errorOf(query))!.message).toContain(
      'Allow the files and folders that it reads by `access`',
    );
    const { rows } = await ask(() => sql({ query, access: ['/etc/passwd'] }, { id: 'q' }));
    expect(rows).toEqual([{ n: 1n }]);
    const inFolder = await ask(() => sql({ query, access: ['/etc'] }, { id: 'q' }));
    expect(inFolder.rows).toEqual([{ n: 1n }]);
  });

  it('takes no more memory and room than it is given, and leaves nothing behind', async () => {
    const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('selvage-sql-'));
    const before = folders();
    const memory = await ask(() =>
      sql(
        {
          query: 'select list(range order by range) as l, range % 3 as g from range(3000000) group by g',
          memory: '20MB',
        },
        { id: 'q' },
      ),
    );
    expect(memory.error).toMatchObject({
      type: 'SqlOutOfMemory',
      message: expect.stringContaining('`memory`'),
    });
    const spill = await ask(() =>
      sql(
        {
          query: 'select md5(range::varchar) || sha256(range::varchar) as h from range(1000000) order by h',
          memory: '60MB',
          spill: '1MB',
          threads: 1,
        },
        { id: 'q' },
      ),
    );
    expect(spill.error).toMatchObject({
      type: 'SqlOutOfMemory',
      message: expect.stringContaining('`spill`'),
    });
    expect(folders().filter((name) => !before.includes(name) && existsSync(name))).toEqual([]);
  });

  it('ends when its knot is to end', async () => {
    const endless = tapestry('endless', () => ({
      q: sql(
        { query: 'select sum(a.range * b.range) as s from range(1000000) a, range(1000000) b' },
        { id: 'q', timeout: 300 },
      ),
    }));
    const { outcomes } = await runLocally(endless, {});
    expect(outcomes['q']).toMatchObject({ kind: 'err', error: { type: 'BodyTimeout' } });
  });
});

describe('tables whose files are on this machine', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tables-on-disk-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const Numbers = table({ n: 'int64' });
  const totals = tapestry('totals', { parameters: { numbers: Numbers } }, (_, { numbers }) => ({
    total: sql({ query: 'select sum(n)::bigint as total from numbers', inputs: { numbers } }, { id: 'q' }),
  }));

  it('are read as they are, left as they are, and damage in them is found whatever the query says', async () => {
    const backends = {
      ...createInMemoryBackends(),
      dataStore: await createLocalDiskDataStore({ folder }),
    };
    const making = tapestry('made', () => ({
      numbers: sql({ query: 'select range as n from range(9999)', output: Numbers }, { id: 'numbers' }),
    }));
    const numbers = (await runLocally(making, {}, { backends })).values.numbers!;
    const { values } = await runLocally(totals, { numbers }, { backends });
    expect(await values.total!.rows().toArray()).toEqual([{ total: 49_985_001n }]);

    const { blob } = (await numbers.written()).manifest;
    const file = path.join(
      folder,
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((name) =>
        name.endsWith(blob.split(':')[1]!),
      )!,
    );
    const sound = readFileSync(file);
    for (const at of [10, sound.length / 2, sound.length - 10]) {
      const damaged = Uint8Array.from(sound);
      damaged.fill(255, at, at + 8);
      writeFileSync(file, damaged);
      const { outcomes } = await runLocally(totals, { numbers }, { backends });
      expect(outcomes.q).toMatchObject({ kind: 'err', error: { type: 'ValueDamaged' } });
      expect(Buffer.from(damaged).equals(readFileSync(file))).toBe(true);
    }
  });
});
