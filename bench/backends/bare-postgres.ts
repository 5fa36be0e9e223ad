import { Pool } from 'pg';
import { LINEAGE, type LineageRecord } from '../../src/ports';

/** The role of inputs in `selvage_lineage_index`. */
const INPUT = 1;

/**
 * The same rows as a commit of ours writes to the same two tables, by one prepared statement with a parameter a column, as one would
 * write it by hand on a pool of `pg`: one way there and back, one transaction.
 */
export class BarePostgres {
  readonly #pool: Pool;
  readonly #texts = new Map<string, string>();

  constructor(url: string) {
    this.#pool = new Pool({ connectionString: url, connectionTimeoutMillis: 10_000 });
  }

  async commit(records: readonly LineageRecord[]): Promise<void> {
    const inputs = records.flatMap((record) =>
      [...new Set([record.parent_input_hashes, record.constant_input_hashes].flatMap(Object.values))].map(
        (hash) => [record.knot_id, hash as string],
      ),
    );
    const name = `bare_${records.length}_${inputs.length}`;
    let text = this.#texts.get(name);
    if (text === undefined) this.#texts.set(name, (text = insert(records.length, inputs.length)));
    const values = [...records.flatMap(LINEAGE.values), ...inputs.flat()];
    const { rowCount } = await this.#pool.query({ name, text, values });
    if (rowCount !== inputs.length) throw new Error('The rows of the bare driver were there already.');
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

function insert(records: number, inputs: number): string {
  let parameter = 0;
  const row = (length: number): string =>
    `${Array.from({ length }, () => `$${(parameter += 1)}`).join(', ')}`;
  const columns = LINEAGE.names.map((column) => `"${column}"`).join(', ');
  const lineageRows = Array.from({ length: records }, () => `(${row(LINEAGE.names.length)}, 1)`).join(', ');
  const inputRows = Array.from({ length: inputs }, () => `(${row(2)})`).join(', ');
  return `
    with committed as (
      insert into selvage_lineage (${columns}, change) values ${lineageRows}
      on conflict do nothing returning id, knot_id, finished_at
    )
    insert into selvage_lineage_index (key, role, finished_at, lineage)
    select input.key, ${INPUT}, finished_at, id
    from (values ${inputRows}) as input (knot_id, key) join committed using (knot_id)`;
}
