import type { SqliteDatabaseLike } from '../../adapters/shared/sqlite';
import { isDamaged, newDamage, rowsOfPage, walkTree, type StoredRow, type TreeDamage } from './b-tree';
import { finishSchema, makeTables } from './make-schema';
import type { Pages } from './pages';
import { RowWriter } from './row-writer';
import { mayBeRow, readSchema, tableShapes, treeKindOf, type SchemaObject, type TableShape } from './schema';

/** What became of one table. */
export interface SalvagedTable {
  readonly table: string;
  readonly kept: number;
  /** Rows that are known to be lost. */
  readonly lost: number;
  /** False where more may be lost: what was on an unreadable page, and no index tells how many rows that were. */
  readonly isExact: boolean;
}

export interface Salvage {
  readonly tables: readonly SalvagedTable[];
  /** True where the file did not even tell its tables, and rows were told by their form. */
  readonly withoutSchema: boolean;
}

/**
 * Writes all rows of a damaged database that can be read into an empty one, and makes its indexes anew. The damaged file is only read.
 *
 * A page that cannot be read costs the rows on it. Where it led to other pages, those are found among the pages that nothing else
 * leads to, by the form of their rows. `makeOwnTables` makes the tables of a file whose schema cannot be read; without it, such a file
 * is hopeless, and the answer undefined.
 */
export async function salvage(
  pages: Pages,
  target: SqliteDatabaseLike,
  makeOwnTables?: () => Promise<void>,
): Promise<Salvage | undefined> {
  const reached = new Set<number>();
  const found = readSchema(pages, reached);
  if (!found && !makeOwnTables) return undefined;
  if (found) makeTables(target, found);
  else {
    reached.clear();
    await makeOwnTables!();
  }
  const schema = found ?? [];
  target.exec('begin');
  const tables = tableShapes(target).map((shape) => new TableSalvage(target, shape, schema));
  for (const table of tables) table.walk(pages, reached);
  const indexes = walkTheRest(pages, schema, new Set(tables.map(({ name }) => name)), reached);
  adoptStrays(pages, reached, tables);
  finishSchema(target, schema);
  target.exec('commit');
  return { tables: tables.map((table) => table.outcome(indexes)), withoutSchema: !found };
}

class TableSalvage {
  readonly name: string;
  readonly damage: TreeDamage = newDamage();
  private readonly root: number | undefined;
  private readonly writer: RowWriter;
  private readonly rowids = new Set<bigint>();
  private kept = 0;

  constructor(
    target: SqliteDatabaseLike,
    private readonly shape: TableShape,
    schema: readonly SchemaObject[],
  ) {
    this.name = shape.name;
    this.root = schema.find(({ type, name }) => type === 'table' && name === shape.name)?.root;
    this.writer = new RowWriter(target, shape);
  }

  /** Whether there may be pages of this table that its tree does not lead to any more. */
  get hasStrays(): boolean {
    return this.root === undefined || this.damage.pages.length > 0;
  }

  walk(pages: Pages, reached: Set<number>): void {
    if (this.root === undefined) return;
    walkTree(pages, this.root, this.shape.kind, reached, this.damage, (row) => {
      if (!this.keep(row)) this.damage.rows += 1;
    });
  }

  mayOwn(rows: readonly StoredRow[]): boolean {
    return rows.every(({ fields }) => mayBeRow(this.shape, fields));
  }

  keep(row: StoredRow): boolean {
    if (!this.writer.write(row)) return false;
    this.kept += 1;
    if (row.rowid !== undefined) this.rowids.add(row.rowid);
    return true;
  }

  get kind(): TableShape['kind'] {
    return this.shape.kind;
  }

  outcome(indexes: ReadonlyMap<string, IndexContent>): SalvagedTable {
    const { name, kept, damage } = this;
    const isWhole = this.root !== undefined && !isDamaged(damage);
    if (isWhole) return { table: name, kept, lost: 0, isExact: true };
    const known = indexes.get(name);
    if (!known) return { table: name, kept, lost: damage.rows, isExact: !this.hasStrays };
    const lost = known.rowids.filter((rowid) => !this.rowids.has(rowid)).length;
    return { table: name, kept, lost, isExact: true };
  }
}

/** The row ids that a whole index of a table has. */
interface IndexContent {
  readonly rowids: bigint[];
}

/** Reads the indexes and what belongs to virtual tables: to know whose pages they are, and how many rows there should be. */
function walkTheRest(
  pages: Pages,
  schema: readonly SchemaObject[],
  tables: ReadonlySet<string>,
  reached: Set<number>,
): Map<string, IndexContent> {
  const indexes = new Map<string, IndexContent>();
  for (const object of schema) {
    const { type, name, table, root, sql } = object;
    if (root === 0 || (type === 'table' && tables.has(name))) continue;
    const damage = newDamage();
    const rowids: bigint[] = [];
    walkTree(pages, root, treeKindOf(object), reached, damage, ({ fields }) => {
      const last = fields.at(-1);
      if (typeof last === 'bigint') rowids.push(last);
    });
    const isPartial = /\bwhere\b/i.test(sql ?? '');
    if (type === 'index' && !isPartial && !isDamaged(damage)) indexes.set(table, { rowids });
  }
  return indexes;
}

/** Gives the pages that nothing leads to back to the one table that has lost some and whose rows look like that. */
function adoptStrays(pages: Pages, reached: ReadonlySet<number>, tables: readonly TableSalvage[]): void {
  const losers = tables.filter(({ hasStrays }) => hasStrays);
  // Without the list of free pages, deleted rows would come back; without a first page there is no such list.
  const free = pages.hasHeader ? pages.free() : new Set<number>();
  if (losers.length === 0 || !free) return;
  for (let page = 1; page <= pages.count; page += 1) {
    if (reached.has(page) || free.has(page)) continue;
    for (const kind of ['table', 'index'] as const) {
      const rows = rowsOfPage(pages, page, kind);
      if (!rows || rows.length === 0) continue;
      const owners = losers.filter((table) => table.kind === kind && table.mayOwn(rows));
      if (owners.length === 1) for (const row of rows) owners[0]!.keep(row);
    }
  }
}
