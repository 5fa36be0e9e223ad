import type { SqliteDatabaseLike } from '../../adapters/shared/sqlite';
import { newDamage, isDamaged, walkTree, type TreeKind } from './b-tree';
import type { Pages } from './pages';
import { StoredText, type StoredField } from './record';

/** A line of the schema, which is the table at the root of the file. */
export interface SchemaObject {
  readonly type: 'table' | 'index' | 'trigger' | 'view';
  readonly name: string;
  readonly table: string;
  /** 0 for what has no pages of its own. */
  readonly root: number;
  /** Undefined for the indexes that a constraint brings. */
  readonly sql: string | undefined;
}

/** The schema as the file has it; undefined where some of it cannot be read, so that there is no telling what is missing. */
export function readSchema(pages: Pages, reached: Set<number>): SchemaObject[] | undefined {
  if (!pages.hasHeader) return undefined;
  const damage = newDamage();
  const objects: SchemaObject[] = [];
  walkTree(pages, 1, 'table', reached, damage, ({ fields }) => {
    const [type, name, table, root, sql] = fields;
    if (!isText(type) || !isText(name) || !isText(table)) {
      damage.rows += 1;
      return;
    }
    objects.push({
      type: type.toString() as SchemaObject['type'],
      name: name.toString(),
      table: table.toString(),
      root: typeof root === 'bigint' ? Number(root) : 0,
      sql: isText(sql) ? sql.toString() : undefined,
    });
  });
  return isDamaged(damage) ? undefined : objects;
}

/** What the tree at the root of a table or index is. */
export function treeKindOf({ type, sql }: SchemaObject): TreeKind {
  return type === 'table' && !/\bwithout\s+rowid\b/i.test(sql ?? '') ? 'table' : 'index';
}

function isText(field: StoredField | undefined): field is StoredText {
  return field instanceof StoredText;
}

export interface StoredColumn {
  readonly name: string;
  readonly affinity: 'integer' | 'text' | 'any';
  readonly notNull: boolean;
  /** Computed by SQLite: read over, never written. */
  readonly isGenerated: boolean;
}

/** How the rows of a table lie in its tree. */
export interface TableShape {
  readonly name: string;
  /** A table WITHOUT ROWID is an index tree. */
  readonly kind: TreeKind;
  /** In the order in which a record has them. */
  readonly columns: readonly StoredColumn[];
  /** The column that is another name for the row id, which a record leaves empty. */
  readonly rowidColumn: string | undefined;
}

interface ColumnInfo {
  readonly cid: number;
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly pk: number;
  readonly hidden: number;
}

const VIRTUAL = 2;
const STORED = 3;

/** The shapes of a database's own tables: none of SQLite's, no virtual ones and none that belong to those. */
export function tableShapes(database: SqliteDatabaseLike): TableShape[] {
  const tables = database.prepare('pragma main.table_list').all() as {
    schema: string;
    name: string;
    type: string;
    wr: number;
  }[];
  return tables
    .filter(({ schema, name, type }) => schema === 'main' && type === 'table' && !name.startsWith('sqlite_'))
    .map(({ name, wr }) => shapeOf(database, name, wr === 1));
}

function shapeOf(database: SqliteDatabaseLike, name: string, withoutRowid: boolean): TableShape {
  const quoted = quote(name);
  const infos = database.prepare(`pragma table_xinfo(${quoted})`).all() as ColumnInfo[];
  const keyed = infos.filter(({ pk }) => pk > 0).sort((one, other) => one.pk - other.pk);
  const stored = infos.filter(({ hidden }) => hidden !== VIRTUAL);
  const ordered = withoutRowid ? [...keyed, ...stored.filter(({ pk }) => pk === 0)] : stored;
  const indexes = database.prepare(`pragma index_list(${quoted})`).all() as { origin: string }[];
  const isAlias =
    !withoutRowid &&
    keyed.length === 1 &&
    keyed[0]!.type.toLowerCase() === 'integer' &&
    !indexes.some(({ origin }) => origin === 'pk');
  return {
    name,
    kind: withoutRowid ? 'index' : 'table',
    columns: ordered.map((column) => ({
      name: column.name,
      affinity: affinityOf(column.type),
      notNull: column.notnull === 1 || (withoutRowid && column.pk > 0),
      isGenerated: column.hidden === STORED,
    })),
    rowidColumn: isAlias ? keyed[0]!.name : undefined,
  };
}

/** As far as it says what cannot be in a column. */
function affinityOf(type: string): StoredColumn['affinity'] {
  if (/int/i.test(type)) return 'integer';
  return /char|clob|text/i.test(type) ? 'text' : 'any';
}

/** Whether a record may be a row of the table. Only for records of which nothing else tells where they belong. */
export function mayBeRow(shape: TableShape, fields: readonly StoredField[]): boolean {
  return (
    fields.length === shape.columns.length &&
    shape.columns.every(({ name, affinity, notNull }, index) => {
      const field = fields[index]!;
      if (field === null) return !notNull || name === shape.rowidColumn;
      if (name === shape.rowidColumn) return false;
      if (affinity === 'integer') return typeof field === 'bigint' || typeof field === 'number';
      return affinity === 'any' || field instanceof StoredText;
    })
  );
}

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
