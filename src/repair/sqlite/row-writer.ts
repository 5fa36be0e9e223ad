import type { SqliteDatabaseLike, SqliteStatementLike } from '../../adapters/shared/sqlite';
import type { StoredRow } from './b-tree';
import { StoredText, type StoredField } from './record';
import { quote, type TableShape } from './schema';

/** Inserts rows as they were stored: with their row ids, exact integers, and text byte by byte. */
export class RowWriter {
  private readonly statements = new Map<string, SqliteStatementLike>();

  constructor(
    private readonly target: SqliteDatabaseLike,
    private readonly shape: TableShape,
  ) {}

  /** False where the row cannot be one of this table, or one with its key is there. */
  write({ rowid, fields }: StoredRow): boolean {
    const { columns, rowidColumn } = this.shape;
    if (fields.length > columns.length) return false;
    const names: string[] = [];
    const values: StoredField[] = [];
    if (rowid !== undefined) {
      names.push(rowidColumn ?? 'rowid');
      values.push(rowid);
    }
    // A record that is older than a column ends before it; the column then has its default.
    for (const [index, field] of fields.entries()) {
      const { name, isGenerated } = columns[index]!;
      if (isGenerated || name === rowidColumn) continue;
      names.push(name);
      values.push(field);
    }
    const statement = this.statement(names, values);
    // In one array: libsql takes bytes that are given alone for named parameters, and ends the process.
    return Number(statement.run(values.map(parameterOf)).changes) > 0;
  }

  private statement(names: readonly string[], values: readonly StoredField[]): SqliteStatementLike {
    const places = values.map((value) => (value instanceof StoredText ? 'cast(? as text)' : '?')).join(', ');
    const key = `${names.length}:${places}`;
    let statement = this.statements.get(key);
    if (!statement) {
      const columns = names.map(quote).join(', ');
      statement = this.target.prepare(
        `insert or ignore into ${quote(this.shape.name)} (${columns}) values (${places})`,
      );
      this.statements.set(key, statement);
    }
    return statement;
  }
}

function parameterOf(value: StoredField): unknown {
  return value instanceof StoredText ? value.bytes : value;
}
