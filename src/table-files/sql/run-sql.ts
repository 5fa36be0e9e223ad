import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, mkdtemp, rm, stat } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type * as DuckDb from '@duckdb/node-api';
import { loadOptional } from '../../node/optional-package';
import { PIECE, type SqlRequest, type WrittenTable } from '../../tables/engine';
import { inKeyOrder } from '../../tables/key-order';
import { Table } from '../../tables/table';
import { nameOf, type Field } from '../../tables/types';
import { blocksOf } from '../../tables/vector';
import { readTable } from '../read-parquet';
import { collect } from '../spool';
import { TableHasher } from '../table-hasher';
import { factsOfPlan } from './plan';
import { literal, quoted, QueryText } from './query-text';
import { invalidSql, readRefusal, sqlError } from './sql-errors';
import { boundValue, columnTypeOf, sqlTypeOf, type BoundValue } from './sql-types';
import { expressionOf, SyntaxTree } from './syntax-tree';

const MOST_THREADS = 4;
const ROW_GROUP = 65_536;
/** Functions that tell of DuckDB itself. */
const OF_DUCKDB = /^(?:duckdb|pragma|pg|which)_/;

/** The same for each DuckDB of a process. */
const known: { unstable?: ReadonlySet<string> } = {};

/**
 * Runs a query in a DuckDB of its own, which sees the inputs and nothing else, and hashes what it yields. The rows come
 * in an order that depends on the query and its inputs alone.
 *
 * @throws SelvageError `InvalidSql`, `SqlOutOfMemory`, `UnsupportedTable`, `MissingPackage`
 */
export async function runSql(request: SqlRequest): Promise<WrittenTable> {
  const duckDb = loadOptional<typeof DuckDb>('@duckdb/node-api', {
    by: `The query of knot "${request.knot}"`,
  });
  request.signal.throwIfAborted();
  const folder = await mkdtemp(join(tmpdir(), 'selvage-sql-'));
  try {
    const { memory = '1GB', threads } = request.limits;
    const instance = await duckDb.DuckDBInstance.create(':memory:', {
      memory_limit: memory,
      temp_directory: join(folder, 'spill'),
      threads: String(threads ?? Math.min(availableParallelism(), MOST_THREADS)),
      errors_as_json: 'true',
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    try {
      return await new Query(request, duckDb, await instance.connect(), folder).run();
    } finally {
      instance.closeSync();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

class Query {
  private readonly query: QueryText;
  private readonly checks: Promise<void>[] = [];

  constructor(
    private readonly request: SqlRequest,
    private readonly duckDb: typeof DuckDb,
    private readonly connection: DuckDb.DuckDBConnection,
    private readonly folder: string,
  ) {
    this.query = new QueryText(request.parts, (name) => Table.is(request.inputs[name]));
  }

  async run(): Promise<WrittenTable> {
    const { signal } = this.request;
    const interrupt = (): void => this.connection.interrupt();
    signal.addEventListener('abort', interrupt);
    const stop = new AbortController();
    const placed = this.placeInputs(AbortSignal.any([signal, stop.signal]));
    placed.catch(() => {});
    try {
      await this.shutOut();
      // A query is checked and planned on empty tables, while the rows come.
      for (const [name, columns] of this.tables()) {
        const declared = columns.map(({ column, type }) => `${quoted(column)} ${type}`);
        await this.ask(`create table ${quoted(name)} (${declared.join(', ')})`);
      }
      const tree = await this.parse();
      const values = this.bind(tree.parameters);
      const fields = await this.columns(values);
      const facts = await this.plan(tree, values);
      // One thread reads rows and adds floats in the same order each time.
      if (tree.hasTies || !facts.isExact) await this.ask('set threads = 1');
      await this.ask('set lock_configuration = true');
      await placed;
      for (const [name, columns] of this.tables()) {
        const cast = columns.map(
          ({ column, type }) => `cast(${quoted(column)} as ${type}) as ${quoted(column)}`,
        );
        const file = literal(this.fileOf(name));
        await this.ask(`drop table ${quoted(name)}`);
        await this.ask(`create view ${quoted(name)} as select ${cast.join(', ')} from read_parquet(${file})`);
      }
      const rows = await this.write(tree, facts.keepsOrder, fields, values);
      await Promise.all(this.checks);
      return await this.read(fields, rows);
    } catch (error) {
      signal.throwIfAborted();
      // Whatever DuckDB says of damaged bytes, they are the cause.
      await Promise.all(this.checks);
      throw error;
    } finally {
      stop.abort();
      await Promise.allSettled([placed, ...this.checks]);
      signal.removeEventListener('abort', interrupt);
      this.connection.closeSync();
    }
  }

  /** Lets the rows of inputs be read. Files of this machine are not copied: their bytes are checked while the query runs. */
  private async placeInputs(signal: AbortSignal): Promise<void> {
    for (const [name, table] of Object.entries(this.request.inputs)) {
      if (!Table.is(table)) continue;
      const [stream, file] = [await table.stream(), this.fileOf(name)];
      const isLinked = stream.file !== undefined && (await isDone(link(stream.file, file)));
      if (isLinked) {
        const check = pipeline(stream, readThrough, { signal });
        check.catch(() => {});
        this.checks.push(check);
      } else await pipeline(stream, createWriteStream(file, { mode: 0o600 }), { signal });
    }
  }

  /** The inputs that are tables, with their columns. */
  private tables(): [name: string, columns: { column: string; type: string }[]][] {
    return Object.entries(this.request.inputs).flatMap(([name, table]) => {
      if (!Table.is(table)) return [];
      return [
        [name, table.fields().map(({ name: column, type }) => ({ column, type: sqlTypeOf(type, column) }))],
      ];
    });
  }

  private fileOf(input: string): string {
    return join(this.folder, `${input}.parquet`);
  }

  /** Shuts out the rest of the machine, but for what may be read. */
  private async shutOut(): Promise<void> {
    const { access = [], spill = '10GB' } = this.request.limits;
    // As an option of the instance, it would have no effect.
    await this.ask(`set max_temp_directory_size = ${literal(spill)}`);
    const [files, folders]: [string[], string[]] = [[], [`${this.folder}/`]];
    for (const path of access) {
      const isFolder = (await stat(path).catch(() => undefined))?.isDirectory();
      if (isFolder) folders.push(`${resolve(path)}/`);
      else files.push(resolve(path));
    }
    await this.ask(`set allowed_directories = [${folders.map(literal).join(', ')}]`);
    await this.ask(`set allowed_paths = [${files.map(literal).join(', ')}]`);
    await this.ask("set timezone = 'UTC'");
    await this.ask('set enable_external_access = false');
  }

  private async parse(): Promise<SyntaxTree> {
    const { text } = this.query;
    const json = await this.one(`select json_serialize_sql(${literal(text)})`);
    const refusal = readRefusal(json);
    if (refusal?.type === 'parser')
      throw this.refuse(`is refused: ${refusal.message}. Correct the query`, refusal.position);
    if (refusal || (JSON.parse(json) as { statements: unknown[] }).statements.length !== 1) {
      throw this.refuse('is not one SELECT. Write one query that yields rows');
    }
    const tree = new SyntaxTree(json);
    if (tree.refusal) throw this.refuse(tree.refusal.what, tree.refusal.at);
    return tree;
  }

  private bind(names: readonly string[]): Record<string, BoundValue> {
    const { inputs } = this.request;
    const bound = names.map((name): [string, BoundValue] => {
      const { text } = this.query;
      const at = Buffer.byteLength(text.slice(0, text.search(new RegExp(`\\$${name}\\b`))));
      if (!Object.hasOwn(inputs, name) || Table.is(inputs[name])) {
        const what = Object.hasOwn(inputs, name) ? 'is a table: write it without $' : 'is no input';
        throw this.refuse(
          `has $${name}, and "${name}" ${what}. Its inputs are ${Object.keys(inputs).join(', ') || 'none'}`,
          at,
        );
      }
      const value = boundValue(inputs[name], this.duckDb);
      if (typeof value !== 'string') return [name, value];
      throw this.refuse(
        `cannot take the input "${name}", which is ${value}. Give a text, a number, a date or a list of these; rows as a table, from a knot with \`output: table({ … })\``,
        at,
      );
    });
    return Object.fromEntries(bound);
  }

  /** The columns that the query yields, compared with those that are declared. */
  private async columns(values: Record<string, BoundValue>): Promise<Field[]> {
    const head = 'select * from (\n';
    const statement = `${head}${this.query.text}\n) limit 0`;
    const result = await this.onQuery(head, () => this.connection.stream(statement, ...ofValues(values)));
    const fields = result.columnNames().map((name, index) => {
      return { name, type: columnTypeOf(result.columnType(index), name, this.duckDb) };
    });
    const { columns: declared } = this.request.declared ?? {};
    if (!declared) return fields;
    const given = fields.map(({ name, type }) => `${name} ${nameOf(type)}`);
    const wanted = declared.map(([name, type]) => `${name} ${type.replace(/\?$/, '')}`);
    const [place, missing] = [...wanted.entries()].find(([index, column]) => given[index] !== column) ?? [];
    if (place === undefined && given.length === wanted.length) return fields;
    throw this.refuse(
      `yields the columns ${given.join(', ')}, and declared are ${wanted.join(', ')}. ` +
        (place === undefined || given[place] === undefined
          ? 'Yield those that are declared'
          : `Column ${place + 1} is ${given[place]}, and not ${missing}: cast it, as in x::bigint, or declare it so`),
    );
  }

  private async plan(
    tree: SyntaxTree,
    values: Record<string, BoundValue>,
  ): Promise<ReturnType<typeof factsOfPlan>> {
    const types = await Promise.all(
      Object.entries(values).map(async ([name, { type }]) => {
        const empty = type === this.duckDb.SQLNULL ? 'null' : `cast(null as ${type})`;
        const json = await this.one(`select json_serialize_sql(${literal(`select ${empty}`)})`);
        return [name, expressionOf(json)] as const;
      }),
    );
    const text = await this.deserialized(tree.withTypes(Object.fromEntries(types)));
    const json = await this.one(`select json_serialize_plan(${literal(text)}, optimize := false)`);
    const refusal = readRefusal(json);
    if (refusal) throw this.refuse(`cannot be planned: ${refusal.message}. Write it in another way`);
    this.requireNames(await this.connection.prepare(text));
    const facts = factsOfPlan(json);
    const unstable = (known.unstable ??= new Set(await this.unstable()));
    const found = [...facts.functions].find((name) => unstable.has(name) || OF_DUCKDB.test(name));
    if (found === undefined) return facts;
    throw this.refuse(
      `calls ${found}(), whose value differs from run to run. Take the value as an input`,
      tree.placeOf(found),
    );
  }

  /** The functions whose value differs from call to call, or from query to query. */
  private async unstable(): Promise<string[]> {
    const found = await this.connection.runAndReadAll(
      "select distinct function_name from duckdb_functions() where stability <> 'CONSISTENT' and function_name <> 'error'",
    );
    return found.getRowsJS().map(([name]) => name as string);
  }

  /** DuckDB would give the second of two equal names another one. */
  private requireNames(statement: DuckDb.DuckDBPreparedStatement): void {
    const names = Array.from({ length: statement.columnCount }, (_, index) => statement.columnName(index));
    statement.destroySync();
    const lower = names.map((name) => name.toLowerCase());
    const twice = names.find((_, index) => lower.indexOf(lower[index]!) !== index);
    if (twice === undefined) return;
    throw this.refuse(`yields two columns ${JSON.stringify(twice)}. Rename one, as in x as other`);
  }

  /** Writes the rows as Parquet, in their order; answers how many there are. */
  private async write(
    tree: SyntaxTree,
    keepsOrder: boolean,
    fields: readonly Field[],
    values: Record<string, BoundValue>,
  ): Promise<number> {
    const { key = [] } = this.request.declared ?? {};
    const isTotal = tree.isOrdered || (tree.isCut && !keepsOrder);
    const text = isTotal ? await this.deserialized(tree.ordered(fields.length)) : this.query.text;
    const columns = fields.map(({ name, type }) => {
      return `cast(${quoted(name)} as ${sqlTypeOf(type, name, 'TIMESTAMP_MS')}) as ${quoted(name)}`;
    });
    const head = `copy (select ${columns.join(', ')} from (\n`;
    const byAll = isTotal || keepsOrder ? [] : fields.map((_, index) => index + 1);
    const order = key.length > 0 ? key.map((name) => `${quoted(name)} asc nulls last`) : byAll;
    const statement = `${head}${text}\n)${order.length > 0 ? ` order by ${order.join(', ')}` : ''})
      to ${literal(this.file)} (format parquet, compression snappy, row_group_size ${ROW_GROUP})`;
    const result = await this.onQuery(isTotal ? undefined : head, () =>
      this.connection.runAndReadAll(statement, ...ofValues(values)),
    );
    return Number(result.getRowsJS()[0]![0]);
  }

  /** Hashes the rows of the file that DuckDB has written, which stays the table's. */
  private async read(fields: readonly Field[], rows: number): Promise<WrittenTable> {
    const digest = createHash('sha256');
    const bytes = await collect(digesting(createReadStream(this.file, { highWaterMark: PIECE }), digest));
    const { key = [] } = this.request.declared ?? {};
    const blob = `bytes-sha256:${digest.digest('hex')}`;
    const columns = fields.map(({ name, type }) => ({ hash: '', name, type: nameOf(type) }));
    const part = { columns: columns.map(({ name }) => name), from: 0, to: rows };
    const batches = readTable(bytes, { blob, size: bytes.size, rows, columns }, part);
    const hasher = new TableHasher(fields);
    for await (const block of blocksOf(key.length > 0 ? inKeyOrder(batches, fields, key, 0) : batches)) {
      this.request.signal.throwIfAborted();
      hasher.add(block);
    }
    const manifest = { blob, size: bytes.size, ...hasher.end(), ...(key.length > 0 && { key }) };
    return { manifest, bytes };
  }

  private get file(): string {
    return join(this.folder, '.result');
  }

  private async onQuery<T>(head: string | undefined, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const offset = head === undefined ? undefined : Buffer.byteLength(head);
      throw sqlError(error, this.request.knot, this.query, offset);
    }
  }

  private refuse(what: string, at?: number): Error {
    return invalidSql(this.request.knot, what, this.query, at);
  }

  private deserialized(tree: string): Promise<string> {
    return this.one(`select json_deserialize_sql(${literal(tree)})`);
  }

  /** The text that a statement of ours answers. */
  private async one(statement: string): Promise<string> {
    return (await this.connection.runAndReadAll(statement)).getRowsJS()[0]![0] as string;
  }

  private async ask(statement: string): Promise<void> {
    await this.connection.run(statement);
  }
}

function ofValues(
  values: Readonly<Record<string, BoundValue>>,
): [Record<string, DuckDb.DuckDBValue>, Record<string, DuckDb.DuckDBType>] {
  const entries = Object.entries(values);
  return [
    Object.fromEntries(entries.map(([name, { value }]) => [name, value])),
    Object.fromEntries(entries.map(([name, { type }]) => [name, type])),
  ];
}

const isDone = (work: Promise<void>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  );

async function readThrough(stream: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of stream);
}

async function* digesting(
  stream: AsyncIterable<Uint8Array>,
  digest: { update(piece: Uint8Array): unknown },
): AsyncGenerator<Uint8Array> {
  for await (const piece of stream) {
    digest.update(piece);
    yield piece;
  }
}
