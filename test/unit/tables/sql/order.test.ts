import { DuckDBInstance } from '@duckdb/node-api';
import { factsOfPlan } from '../../../../src/table-files/sql/plan';
import { QueryText } from '../../../../src/table-files/sql/query-text';
import { SyntaxTree } from '../../../../src/table-files/sql/syntax-tree';

/** What DuckDB itself answers about a query over tables `o(id, n, f)` and `b(id)`. */
let ask: (call: string) => Promise<string>;
beforeAll(async () => {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(
    'create table o (id bigint, n varchar, f double, l bigint[]); create table b (id bigint)',
  );
  ask = async (call) => (await connection.runAndReadAll(`select ${call}`)).getRowsJS()[0]![0] as string;
});
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const treeOf = async (query: string): Promise<SyntaxTree> =>
  new SyntaxTree(await ask(`json_serialize_sql(${literal(query)})`));
const factsOf = async (query: string) =>
  factsOfPlan(await ask(`json_serialize_plan(${literal(query)}, optimize := false)`));

test.each([
  ['select id from o order by n desc nulls first limit 3', 'ORDER BY n DESC NULLS FIRST, 1 LIMIT 3'],
  ['select id from o limit 3', 'ORDER BY 1 LIMIT 3'],
  ['select distinct on (n) id from o', 'SELECT DISTINCT ON (n) id FROM o ORDER BY 1'],
  ['select id from o order by all', 'ORDER BY COLUMNS(*)'],
  ['select id from o union select id from b order by 1', 'ORDER BY 1, 1'],
  [
    "select 18446744073709551615 as id, ':18446744073709551615' as t order by t",
    "18446744073709551615 AS id, ':18446744073709551615' AS t",
  ],
])('%s: no rows tie', async (query, end) => {
  const text = await ask(`json_deserialize_sql(${literal((await treeOf(query)).ordered(1))})`);
  expect(text).toContain(end);
});

test.each([
  ['select list(id order by n) from o', true],
  ['select list(id order by id) from o', true],
  ['select array(select id from o order by n)', true],
  ['select id from o where id > (select avg(id) from b)', false],
  ['select id from (select id from o order by n limit 1)', true],
  ['select rank() over (order by n) from o', true],
  ['select id from o asof join b using (id)', true],
  ['select id from o order by n limit 1', false],
])('%s: ties count: %j', async (query, hasTies) => {
  const tree = await treeOf(query);
  expect({ refusal: tree.refusal, hasTies: tree.hasTies }).toEqual({ refusal: undefined, hasTies });
});

test.each([
  ['select array(select id from o)', 'array_agg() without an order'],
  ['select sum(id) over (rows 2 preceding) from o', 'window of sum() without an order'],
  ['with x as (select distinct on (n) id from o) select id from x', 'inner LIMIT or DISTINCT ON'],
  ['select id from o where id in (select id from b offset 2)', 'inner LIMIT or DISTINCT ON'],
])('%s is refused', async (query, what) => {
  expect((await treeOf(query)).refusal?.what).toContain(what);
});

test.each([
  ['select id + 1 from o where f > 0 limit 2', { keepsOrder: true, isExact: true }],
  ['select unnest(l) from o', { keepsOrder: false, isExact: true }],
  ['select id from o join b using (id)', { keepsOrder: false, isExact: true }],
  ['select sum(id), avg(id), count(distinct n), max(f) from o', { keepsOrder: false, isExact: true }],
  ['select sum(f) from o', { keepsOrder: false, isExact: false }],
  ['select stddev(id) from o', { keepsOrder: false, isExact: false }],
  ['select id from o where f > (select avg(id) from b)', { keepsOrder: false, isExact: true }],
])('%s: what the plan tells', async (query, facts) => {
  expect(await factsOf(query)).toMatchObject(facts);
});

test('functions are found behind macros and views', async () => {
  await ask('1; create macro dice() as random() * 6; create view v as select dice() as d; select 1');
  expect([...(await factsOf('select d from v')).functions]).toContain('random');
});

test('a byte of the text that DuckDB reads is found in the text of the author', () => {
  const query = new QueryText(
    ['select "€", ', 'x', '\nfrom ', 'big.table', ' where y;  '],
    (name) => name !== 'x',
  );
  expect(query.text).toBe('select "€", $x\nfrom "big.table" where y');
  const at = (part: string) => query.locate(Buffer.byteLength(query.text.slice(0, query.text.indexOf(part))));
  expect(at('"€')).toEqual({ line: 1, column: 8 });
  expect(at('x\n')).toEqual({ line: 1, column: 13 });
  expect(at('from')).toEqual({ line: 2, column: 1 });
  expect(at('where')).toEqual({ line: 2, column: 'from ${big.table} '.length + 1 });
});
