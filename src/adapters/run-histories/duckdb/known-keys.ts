import type { DuckDbConnectionLike } from './client';
import { bitsOf } from './columns';

/** Keys that are kept in memory, some 100 bytes each; more only while one batch needs them. */
const MAXIMUM = 200_000;

type Key = { readonly temporal_run_id: string; readonly knot_id: string };

/** The knots of the runs that were written last which have their record. Never another answer than the table's. */
export class KnownKeys {
  /** Temporal run id to knot ids; the run written last comes last. */
  readonly #runs = new Map<string, Set<string>>();
  #count = 0;
  #added: Key[] = [];

  /** Reads the knots of these runs, where they are not known. */
  async load(connection: DuckDbConnectionLike, runs: ReadonlySet<string>): Promise<void> {
    this.#makeRoom(runs);
    const unknown = [...runs].filter((run) => !this.#runs.has(run));
    if (unknown.length === 0) return;
    const rows = await connection.runAndReadAll(
      `select temporal_run_id, knot_id from selvage_lineage where run_bits in (${unknown.map(bitsOf).join(', ')})`,
    );
    for (const run of unknown) this.#runs.set(run, new Set());
    for (const row of rows.getRowObjectsJS()) {
      const knots = this.#runs.get(row['temporal_run_id'] as string);
      if (knots === undefined) continue;
      knots.add(row['knot_id'] as string);
      this.#count += 1;
    }
  }

  /** False if it is there already. Its run must be loaded. */
  add(key: Key): boolean {
    const knots = this.#runs.get(key.temporal_run_id)!;
    if (knots.has(key.knot_id)) return false;
    knots.add(key.knot_id);
    this.#count += 1;
    this.#added.push(key);
    return true;
  }

  /** What was added since the last call is durable. */
  keep(): void {
    this.#added = [];
  }

  /** What was added since the last call may not be in the table: its runs are read again when they are needed. */
  drop(): void {
    for (const { temporal_run_id } of this.#added) this.forget(temporal_run_id);
    this.#added = [];
  }

  #makeRoom(needed: ReadonlySet<string>): void {
    for (const run of needed) {
      const knots = this.#runs.get(run);
      if (knots === undefined) continue;
      this.#runs.delete(run);
      this.#runs.set(run, knots);
    }
    for (const run of this.#runs.keys()) {
      if (this.#count <= MAXIMUM || needed.has(run)) return;
      this.forget(run);
    }
  }

  /** The knots of the run are read again when they are needed. */
  forget(run: string): void {
    this.#count -= this.#runs.get(run)?.size ?? 0;
    this.#runs.delete(run);
  }
}
