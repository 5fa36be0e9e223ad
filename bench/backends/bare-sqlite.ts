import Database from 'libsql';
import { LINEAGE, type LineageRecord } from '../../src/ports';

/** As the adapter sets them. */
const SETTINGS = ['wal_autocheckpoint = 32000', 'cache_size = -16384', 'foreign_keys = off'];

/** The same rows as a commit of ours writes, by one prepared statement a batch in one transaction, as one would write it by hand on `libsql`. */
export class BareSqlite {
  readonly #database: Database.Database;
  readonly #statements = new Map<number, Database.Statement>();
  readonly #begin: Database.Statement;
  readonly #commit: Database.Statement;

  /** @param file one that has the tables of Selvage */
  constructor(file: string, { durable }: { readonly durable: boolean }) {
    this.#database = new Database(file, { timeout: 10_000 });
    for (const setting of [...SETTINGS, `synchronous = ${durable ? 'full' : 'normal'}`])
      this.#database.exec(`pragma ${setting}`);
    this.#begin = this.#database.prepare('begin immediate');
    this.#commit = this.#database.prepare('commit');
  }

  commit(records: readonly LineageRecord[]): Promise<void> {
    let statement = this.#statements.get(records.length);
    if (statement === undefined)
      this.#statements.set(records.length, (statement = this.#database.prepare(insert(records.length))));
    const values = records.flatMap(LINEAGE.values);
    this.#begin.run();
    const { changes } = statement.run(...values);
    this.#commit.run();
    if (changes !== records.length) throw new Error('The rows of the bare driver were there already.');
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#database.close();
    return Promise.resolve();
  }
}

function insert(records: number): string {
  const row = `(${LINEAGE.names.map(() => '?').join(', ')})`;
  const columns = LINEAGE.names.map((column) => `"${column}"`).join(', ');
  return `insert into selvage_lineage (${columns}) values ${Array<string>(records).fill(row).join(', ')} on conflict do nothing`;
}
