import { isObject } from '../../values';
import { tableEngine, type SqlLimits } from '../../tables/engine';
import { hashOfManifest } from '../../tables/manifest-parts';
import { Table } from '../../tables/table';
import type { TableSchema } from '../../tables/table-schema';
import type { AbsenceReason, AnyAbsenceReason, Knot, KnotConfig, KnotOf } from '../knot';
import type { KnotContext } from '../knot-context';
import { shown } from '../checks';
import { knotRecord } from '../marks';
import { PARAMETER_PREFIX } from '../names';
import { place } from '../place';
import { isStandardSchema } from '../standard-schema';
import { PlacedNode } from './placed-node';

/** What a query of a knot yields and may take. */
export interface SqlOptions<Row extends object = Record<string, unknown>> extends SqlLimits {
  /**
   * The columns that the query yields, in order; a query with others is refused. With a key the rows are sorted by it.
   * Default: the columns that it happens to yield.
   */
  readonly output?: TableSchema<Row, any>;
}

/** A query with its inputs by name. */
export interface SqlQuery<W = object, Row extends object = Record<string, unknown>> extends SqlOptions<Row> {
  /** One SELECT. Inputs that are tables are tables of their names; other inputs are `$name`. */
  readonly query: string;
  /** Knots and constants by name. A name has letters, digits and `_`. */
  readonly inputs?: W;
}

/** Options of the knot, and of its query. */
export type SqlConfig<Row extends object, Id extends string> = KnotConfig<Id> & SqlOptions<Row>;

const OPTIONS = ['output', 'memory', 'spill', 'threads', 'access'] as const;
const SIZE = /^\d+(?:\.\d+)? ?(?:[KMGT]i?B)$/i;
/** Inputs of the node itself, which are a part of what its value is reused by. */
const PARTS = 'selvage.query';
const DECLARED = 'selvage.output';
/** Raised when the same query over the same inputs comes to another table. */
const VERSION = '1';

/**
 * Places a knot whose value is the table that a query yields, in DuckDB (package `@duckdb/node-api`):
 * `` sql`select id, price from ${orders} where at > ${since}`({ id: 'recent' }) ``. What stands in `${…}` is a knot or a
 * constant: a table is read as a table, and any other value is bound, never pasted into the text.
 *
 * The query sees its inputs, and no files and no network. Its rows come in the order that it gives; else in the order of
 * its one table if it only filters and computes; else sorted by all columns.
 *
 * @throws SelvageError InvalidConfig, and those of placing a definition. A query that is refused makes the knot fail with
 *   `InvalidSql`, one that takes too much with `SqlOutOfMemory`
 */
export function sql<const W extends readonly unknown[]>(
  query: TemplateStringsArray,
  ...inputs: W
): <const Id extends string, Row extends object = Record<string, unknown>>(
  config: SqlConfig<Row, Id>,
) => KnotOf<Table<Row>, Id, AbsenceReason<W[number]>>;
/** The same with inputs by name: `sql({ query: 'select * from orders where at > $since', inputs: { orders, since } }, { id })`. */
export function sql<
  const W extends object,
  const Id extends string,
  Row extends object = Record<string, unknown>,
>(query: SqlQuery<W, Row>, config: KnotConfig<Id>): KnotOf<Table<Row>, Id, AnyAbsenceReason<W>>;
export function sql(first: unknown, ...rest: readonly unknown[]): unknown {
  if (isTemplate(first)) {
    return (config: unknown) => {
      const [options, others] = split(config);
      const { parts, inputs } = namedParts(first.raw, rest);
      return placeSql(new PlacedNode('sql', config), parts, inputs, options, others);
    };
  }
  const [config] = rest;
  const node = new PlacedNode('sql', config);
  node.requireKeys(first, ['query', 'inputs', ...OPTIONS]);
  const { query, inputs = {}, ...options } = first as SqlQuery<Record<string, unknown>>;
  if (typeof query !== 'string' || query.trim() === '') {
    throw node.refusal('MissingPart', `has "query", which is ${shown(query)}`, 'Give a SELECT as a text.');
  }
  return placeSql(node, [query], inputs, options, config);
}

function placeSql(
  node: PlacedNode,
  parts: readonly string[],
  inputs: Readonly<Record<string, unknown>>,
  { output, ...limits }: SqlOptions,
  config: unknown,
): Knot<any> {
  checkLimits(node, limits);
  checkNames(node, inputs);
  if (output !== undefined && !(isStandardSchema(output) && isObject(output.columns))) {
    throw node.refusal(
      'WrongValue',
      'has an output that is no table',
      'Give columns: table({ id: "int64" }).',
    );
  }
  const declared = output && { columns: Object.entries(output.columns), key: output.key };
  const body = (given: Record<string, unknown>, context: KnotContext): Promise<Table> =>
    runQuery(given, limits, context);
  const definition = {
    ...node.definition({}, body as never),
    version: VERSION,
    // No author's function: the limits, which an export to a document reads.
    code: limits,
    ...(output && { output: output as never }),
  };
  const own = { [PARTS]: parts, ...(declared && { [DECLARED]: declared }) };
  return place(definition, { ...inputs, ...own }, config);
}

async function runQuery(
  { [PARTS]: parts, [DECLARED]: declared, ...inputs }: Record<string, unknown>,
  limits: SqlLimits,
  { knotId: knot, signal }: KnotContext,
): Promise<Table> {
  const engine = await tableEngine();
  const request = { knot, parts: parts as string[], inputs, declared: declared as never, limits, signal };
  const { manifest, bytes } = await engine.sql(request);
  return new Table({ hash: hashOfManifest(manifest), manifest, bytes });
}

function isTemplate(given: unknown): given is TemplateStringsArray {
  return Array.isArray(given) && Array.isArray((given as Partial<TemplateStringsArray>).raw);
}

function split(config: unknown): [options: SqlOptions, others: unknown] {
  if (!isObject(config)) return [{}, config];
  const { output, memory, spill, threads, access, ...others } = config as SqlOptions;
  const given = Object.entries({ output, memory, spill, threads, access });
  return [Object.fromEntries(given.filter(([, value]) => value !== undefined)), others];
}

/** Names inputs in place by their knots: `orders`, and `value` for constants. */
function namedParts(
  texts: readonly string[],
  values: readonly unknown[],
): { parts: string[]; inputs: Record<string, unknown> } {
  const inputs: Record<string, unknown> = {};
  const parts = [texts[0]!];
  values.forEach((value, index) => {
    const record = knotRecord(value);
    const known = record && Object.keys(inputs).find((name) => knotRecord(inputs[name]) === record);
    const name = known ?? freeName(record?.id ?? 'value', inputs);
    inputs[name] = value ?? null;
    parts.push(name, texts[index + 1]!);
  });
  return { parts, inputs };
}

function freeName(id: string, taken: object): string {
  const plain = id.startsWith(PARAMETER_PREFIX) ? id.slice(PARAMETER_PREFIX.length) : id;
  const base = plain.replaceAll(/\W/g, '_').replace(/^(?=\d)/, '_');
  const others = new Set(Object.keys(taken).map((name) => name.toLowerCase()));
  let name = base;
  for (let count = 2; others.has(name.toLowerCase()); count++) name = `${base}_${count}`;
  return name;
}

/** DuckDB tells no names apart by upper and lower case. */
function checkNames(node: PlacedNode, inputs: Readonly<Record<string, unknown>>): void {
  const seen = new Map<string, string>();
  for (const name of Object.keys(inputs)) {
    const other = seen.get(name.toLowerCase());
    seen.set(name.toLowerCase(), name);
    if (other !== undefined) {
      throw node.refusal(
        'WrongValue',
        `has inputs "${other}" and "${name}", which SQL takes as one name`,
        'Rename one.',
      );
    }
    if (/^[A-Za-z_]\w*$/.test(name)) continue;
    throw node.refusal(
      'WrongValue',
      `has an input "${name}"`,
      'Name it by letters, digits and _, for the query.',
    );
  }
}

function checkLimits(node: PlacedNode, { memory, spill, threads, access }: SqlLimits): void {
  for (const [option, size] of Object.entries({ memory, spill })) {
    if (size === undefined || (typeof size === 'string' && SIZE.test(size))) continue;
    throw node.refusal(
      'WrongValue',
      `has "${option}", which is ${shown(size)}`,
      "Give a size, such as '500MB'.",
    );
  }
  if (threads !== undefined && !(Number.isSafeInteger(threads) && threads > 0)) {
    throw node.refusal(
      'WrongValue',
      `has "threads", which is ${shown(threads)}`,
      'Give a whole number, 1 or more.',
    );
  }
  const arePaths = Array.isArray(access) && access.every((path) => typeof path === 'string' && path !== '');
  if (access === undefined || arePaths) return;
  throw node.refusal(
    'WrongValue',
    `has "access", which is ${shown(access)}`,
    "Give paths: ['/data/prices'].",
  );
}
