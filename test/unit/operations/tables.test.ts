import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLocalDiskDataStore } from '../../../src/adapters/disk';
import { knot, runLocally, table, tapestry } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends/in-memory';
import { formOf } from '../../../src/cli/verbs/value';
import { tableFile, type Form } from '../../../src/operations/tables/file';
import { downloadOf } from '../../../src/operations/tables/download';
import { describeTable } from '../../../src/cli/show/tables';
import type { AskOf } from '../../../src/operations';
import { call } from '../../../src/operations/call';
import { projectData, type Rights } from '../../../src/operations/surroundings';
import type { DataStore } from '../../../src/ports';
import { closeAll } from '../../support/open-selvage';
import { nobody, openPage, send, type Answer } from '../../support/page';

const OWNER: Rights = { mayAct: true, isReadOnly: false, maySeeSecrets: true };
const READER: Rights = { mayAct: false, isReadOnly: false, maySeeSecrets: false };
/** The hash of a list. */
const LIST = `sha256:${createHash('sha256').update('[1]').digest('hex')}`;
const BIG = 2n ** 62n;

const Orders = table(
  {
    id: 'int64',
    name: 'utf8?',
    price: 'decimal(18,2)?',
    at: 'timestamp[us]',
    password: 'utf8',
    tags: 'list<int64>',
  },
  { key: ['id'] },
);
const ROWS = [
  { id: BIG + 2n, name: 'pen', price: '10.00', at: '2026-01-03T00:00:00.000001', password: 'p1', tags: [1n] },
  { id: BIG, name: null, price: '9.50', at: '2026-01-01T00:00:00', password: 'p2', tags: [] },
  { id: BIG + 1n, name: '\u001b[31mred', price: null, at: '2026-01-02T00:00:00', password: 'p3', tags: [] },
];

/** @param dataStore where the table is kept; default: in memory */
async function stored(made: ReturnType<typeof table>, rows: Iterable<object>, dataStore?: DataStore) {
  const memory = createInMemoryBackends();
  const load = knot('load', { output: made as never }, async () => (await made.from(rows as never)) as never);
  const { lineage } = await runLocally(
    tapestry('load', () => ({ t: load({}, { id: 't' }) })),
    {},
    { backends: memory },
  );
  const hash = lineage.find(({ knot_id }) => knot_id === 't')!.output_hash!;
  const backends = { ...memory, ...(dataStore && { dataStore }) };
  if (dataStore) {
    const manifest = (await memory.dataStore.get(hash))!;
    const { blob } = JSON.parse(Buffer.from(manifest).toString()) as { blob: string };
    await dataStore.putStream((await memory.dataStore.getStream(blob))!);
    await dataStore.put([{ hash, bytes: manifest }]);
  }
  const show = async (ask: Partial<AskOf<'tables.show'>> = {}, caller = OWNER) => {
    const answer = await call({ ...projectData(backends, nobody), caller }, 'tables.show', { hash, ...ask });
    if (answer.form === 'none') throw new Error(answer.message);
    return answer;
  };
  return { hash, show, backends };
}

describe('a small table', () => {
  test('is shown with exact cells, types and statistics of all rows', async () => {
    const { show } = await stored(Orders, ROWS);
    const { table: shown } = await show({ columns: ['id', 'price', 'at', 'tags', 'name'] });
    expect(shown.cells[0]).toEqual([String(BIG), '9.50', '2026-01-01T00:00:00.000000', [], null]);
    expect(shown).toMatchObject({ rows: 3, key: ['id'], isChecked: true });
    expect(shown).not.toHaveProperty('sampled');
    const [id, price, at, tags, name] = shown.columns;
    expect(id).toMatchObject({ columnType: 'int64', distinct: 3, min: String(BIG), max: String(BIG + 2n) });
    expect(id!.histogram).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
    expect(price).toMatchObject({ columnType: 'decimal(18,2)', missing: 1, min: '9.50', max: '10.00' });
    expect(at).toMatchObject({ type: 'time', max: '2026-01-03T00:00:00.000001' });
    expect(tags).toEqual({ name: 'tags', type: 'nested', columnType: 'list<int64>', missing: 0 });
    expect(name).toMatchObject({ missing: 1, distinct: 2 });
  });

  test('is sorted and filtered by exact values, missing cells last', async () => {
    const { show } = await stored(Orders, ROWS);
    const ids = async (ask: Partial<AskOf<'tables.show'>>) =>
      (await show({ columns: ['id'], ...ask })).table.cells.map(([id]) => BigInt(id as string) - BIG);
    expect(await ids({ sort: 'id', descending: true })).toEqual([2n, 1n, 0n]);
    expect(await ids({ sort: 'price' })).toEqual([0n, 2n, 1n]);
    expect(await ids({ sort: 'price', descending: true })).toEqual([2n, 0n, 1n]);
    expect(await ids({ column: 'id', operator: 'above', filter: String(BIG) })).toEqual([1n, 2n]);
    expect(await ids({ column: 'price', operator: 'below', filter: '10' })).toEqual([0n]);
    expect(await ids({ column: 'name', operator: 'missing' })).toEqual([0n]);
    expect(await ids({ columns: ['id', 'name'], filter: 'PEN' })).toEqual([2n]);
    expect((await show({ filter: 'pen' })).table).toMatchObject({ matching: 1, indexes: [2] });
    expect(await ids({ from: 1, rows: 1 })).toEqual([1n]);
  });

  test.each([
    [{ sort: 'nothing' }, 'no column "nothing"'],
    [{ sort: 'tags' }, 'have no order'],
    [{ column: 'id', operator: 'is', filter: 'x' }, 'cannot have the value "x"'],
    [{ operator: 'is', filter: 'x' }, 'is for one column'],
  ] as const)('refuses %j', async (ask, message) => {
    const { show } = await stored(Orders, ROWS);
    await expect(show(ask)).rejects.toMatchObject({
      code: 'InvalidQuery',
      message: expect.stringContaining(message) as string,
    });
  });

  test('hides columns with secret names, also from filters and sorts', async () => {
    const { show } = await stored(Orders, ROWS);
    const { table: shown } = await show({ columns: ['password'] }, READER);
    expect(shown.cells).toEqual([['[redacted]'], ['[redacted]'], ['[redacted]']]);
    expect(shown.columns).toEqual([{ name: 'password', type: 'text', columnType: 'utf8', missing: 0 }]);
    expect((await show({ filter: 'p1' }, READER)).table.matching).toBe(0);
    await expect(show({ sort: 'password' }, READER)).rejects.toMatchObject({ code: 'InvalidQuery' });
  });

  test('is shown by values.show, too, and as lines without control characters', async () => {
    const { hash, show, backends } = await stored(Orders, ROWS);
    const answer = await call({ ...projectData(backends, nobody), caller: OWNER }, 'values.show', { hash });
    expect(answer).toEqual(await show());
    const lines = describeTable(await show());
    expect(lines).toContain('3 rows, sorted by id.');
    expect(lines).not.toContain('\u001b');
  });
});

test('a table is written as CSV, as Arrow, and as Parquet with its own columns alone', async () => {
  const { hash, backends } = await stored(Orders, ROWS);
  const textOf = async (form: Form, of = hash): Promise<string> => {
    const pieces: Buffer[] = [];
    for await (const piece of await tableFile(backends, of, form)) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces).toString('latin1');
  };
  const lines = (await textOf('csv')).split('\r\n');
  expect(lines[0]).toBe('id,name,price,at,password,tags');
  expect(lines[1]).toBe(`${BIG},,9.50,2026-01-01T00:00:00.000000,p2,[]`);
  expect(lines).toHaveLength(5);
  expect(await textOf('parquet')).toMatch(/^PAR1.*PAR1$/s);
  const file = new Uint8Array(Buffer.from(await textOf('arrow'), 'latin1'));
  expect((await Orders.fromArrow(file)).hash).toBe(hash);
  const some = await runLocally(
    tapestry('some', () => ({
      some: knot('some', async () => (await Orders.from(ROWS)).select('at', 'id'))({}, { id: 'some' }),
    })),
    {},
    { backends },
  );
  const selected = some.lineage.find(({ knot_id }) => knot_id === 'some')!.output_hash!;
  const parquet = await textOf('parquet', selected);
  expect(parquet).not.toContain('password');
  expect((await textOf('csv', selected)).split('\r\n')[0]).toBe('at,id');
  await expect(tableFile(backends, hash, 'arrow', { mostInMemory: 10 })).rejects.toMatchObject({
    code: 'InvalidQuery',
    message: expect.stringContaining('Take it as parquet') as string,
  });
});

test('the name of a file says its form', () => {
  expect(['a.csv', 'b.PARQUET', 'c.d.arrow'].map(formOf)).toEqual(['csv', 'parquet', 'arrow']);
  expect(() => formOf('orders.xls')).toThrow(expect.objectContaining({ code: 'Usage' }));
});

describe('the file of a table over HTTP', () => {
  afterEach(closeAll);

  const Logins = table({ id: 'int64', note: 'utf8?', login: 'struct<"user":utf8,"password":utf8>' });
  const login = { user: 'ada', password: 'p1' };
  const LOGINS = [
    { id: 1n, note: 'password=hunter2', login },
    { id: 2n, note: 'a, "b"', login },
    { id: 3n, note: null, login },
  ];

  async function served(made: ReturnType<typeof table> = Orders, rows: Iterable<object> = ROWS) {
    const { hash, backends, show } = await stored(made, rows);
    const page = await openPage({ backends });
    const file = (as: string, headers = {}, of = hash): Promise<Answer> =>
      send(`${page.url}api/v1/tables/file?hash=${of}&as=${as}`, { headers });
    return { file, page, hash, backends, show, owner: { authorization: `Bearer ${page.token}` } };
  }

  test('comes in the wanted form, with a name', async () => {
    const { file, owner, hash } = await served();
    const answers = await Promise.all(['csv', 'parquet', 'arrow'].map((as) => file(as, owner)));
    const digits = hash.split(':')[1]!.slice(0, 12);
    expect(
      answers.map(({ status, headers }) => [status, headers['content-type'], headers['content-disposition']]),
    ).toEqual([
      [200, 'text/csv; charset=utf-8', `attachment; filename="table-${digits}.csv"`],
      [200, 'application/vnd.apache.parquet', `attachment; filename="table-${digits}.parquet"`],
      [200, 'application/vnd.apache.arrow.file', `attachment; filename="table-${digits}.arrow"`],
    ]);
    expect(answers[0]!.body.split('\r\n')[1]).toBe(`${BIG},,9.50,2026-01-01T00:00:00.000000,p2,[]`);
    expect(answers[1]!.body).toMatch(/^PAR1.*PAR1$/s);
    expect(answers[2]!.body).toMatch(/^ARROW1.*ARROW1$/s);
  });

  test('has no secrets for a caller who may not see them', async () => {
    const { file, show } = await served(Logins, LOGINS);
    const { body } = await file('csv');
    expect(body.split('\r\n')).toEqual([
      'id,note,login',
      '1,password=[redacted],"{""password"":""[redacted]"",""user"":""ada""}"',
      '2,"a, ""b""","{""password"":""[redacted]"",""user"":""ada""}"',
      '3,,"{""password"":""[redacted]"",""user"":""ada""}"',
      '',
    ]);
    expect(JSON.stringify((await show({}, READER)).table.cells)).not.toMatch(/hunter2|p1/);
    expect((await (await served()).file('csv')).body.split('\r\n')[1]).toContain(',[redacted],');
    for (const as of ['parquet', 'arrow']) {
      const refused = await file(as);
      expect([refused.status, refused.body]).toEqual([
        403,
        expect.stringMatching(/"detail":"[^"]*Take the table as csv.*"code":"ScopeMissing"/),
      ]);
    }
  });

  test('is refused by name where there is none', async () => {
    const { file, page, hash, backends, owner } = await served();
    await backends.dataStore.put([{ hash: LIST, bytes: Buffer.from('[1]') }]);
    const unknown = `table-sha256:${'0'.repeat(64)}`;
    const refused = async (answer: Promise<Answer>) => {
      const { status, body } = await answer;
      return [status, (JSON.parse(body) as { code: string }).code];
    };
    expect(await refused(file('xls', owner))).toEqual([400, 'InvalidRequest']);
    expect(await refused(send(`${page.url}api/v1/tables/file?as=csv`))).toEqual([400, 'InvalidRequest']);
    expect(await refused(file('csv', owner, unknown))).toEqual([404, 'UnknownValue']);
    expect(await refused(file('csv', owner, LIST))).toEqual([400, 'InvalidQuery']);
    expect(await refused(file('csv', { authorization: 'Bearer nobody', host: 'evil.example' }))).toEqual([
      403,
      'CrossSiteRequest',
    ]);
    const post = send(`${page.url}api/v1/tables/file?hash=${hash}&as=csv`, { method: 'POST' });
    expect(await refused(post)).toEqual([405, 'MethodNotAllowed']);
    const { blob } = JSON.parse(Buffer.from((await backends.dataStore.get(hash))!).toString()) as {
      blob: string;
    };
    await backends.dataStore.delete(blob);
    expect(await refused(file('csv', owner))).toEqual([410, 'ValueMissing']);
    const narrow = { ...OWNER, mayReadValues: false };
    await expect(
      downloadOf({ ...projectData(backends, nobody), caller: narrow }, { hash, as: 'csv' }),
    ).rejects.toMatchObject({ code: 'ScopeMissing' });
  });
});

test('of a large table on disk, parts are read, and the answer says what it covers', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tables-'));
  try {
    const disk = await createLocalDiskDataStore({ folder });
    const many = 600_000;
    const numbers = (seed: number) => Float64Array.from({ length: many }, (_, at) => Math.sin(at * seed));
    const Wide = table({ n: 'int32', a: 'float64', b: 'float64', c: 'float64', d: 'float64' });
    const n = Int32Array.from({ length: many }, (_, at) => at);
    const columns = { n, a: numbers(1), b: numbers(2), c: numbers(3), d: numbers(5) };
    const { show, hash } = await stored(Wide, columns as never, disk);
    const wholes: string[] = [];
    const getStream = disk.getStream.bind(disk);
    disk.getStream = (of) => (wholes.push(of), getStream(of));

    const { table: shown, size } = await show({ from: 599_990 });
    expect(size).toBeGreaterThan(16 * 1024 * 1024);
    expect(shown).toMatchObject({ rows: many, sampled: 50_000, isChecked: false, from: 599_990 });
    expect(shown.cells).toHaveLength(10);
    expect(shown.cells[9]![0]).toBe(599_999);
    // Whole-table facts come from the footer.
    expect(shown.columns[0]).toMatchObject({ missing: 0, min: 0, max: 599_999 });
    const sorted = await show({ sort: 'n', descending: true, rows: 1 });
    expect(sorted.table).toMatchObject({
      scanned: 400_000,
      cells: [[399_999, expect.anything(), expect.anything(), expect.anything(), expect.anything()]],
    });
    expect(wholes).toEqual([]);
    expect(describeTable(sorted)).toContain('the first 400000 of 600000 rows');
    expect(hash).toMatch(/^table-sha256:/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
