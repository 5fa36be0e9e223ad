import type { LineageRecord, RunHistory } from '../../ports';
import { inOrder } from './in-order';
import { mapOfElement } from '../../authoring/element-id';
import { startedBy } from './nested-runs';
import { parentsOf, wiringOf } from './parents-of';
import { readAll } from './read-all';
import { resolveHash } from './resolve-hash';
import { PARAMETER, isTelling } from './telling-values';
import { unknownValue } from './why';

/** Everything made from a value. */
export interface ValueImpact {
  /** Knots that have the value itself, newest first: those that made it or took it over, and parameters. */
  readonly producers: readonly LineageRecord[];
  /** Knots downstream, in later runs as well; parents before children within a run. */
  readonly items: readonly AffectedKnot[];
  /** Set if there may be more than `limit`. */
  readonly truncated: boolean;
}

interface AffectedKnot {
  readonly record: LineageRecord;
  /** Ids of affected parents, or terminals of the tapestry that the knot ran; empty for a later run's parameter. */
  readonly through: readonly string[];
}

export interface ImpactOptions {
  /** Maximum number of records in total. Default 1,000. */
  readonly limit?: number;
}

const LIMIT = 1_000;

/**
 * Walks downstream from a value: what used it, what that made, and so on, over all runs.
 *
 * @param given the hash, or its beginning (see {@link resolveHash})
 * @throws SelvageError `UnknownValue`, `AmbiguousHash`, `BackendUnavailable`
 */
export async function impact(
  runHistory: RunHistory,
  given: string,
  { limit = LIMIT }: ImpactOptions = {},
): Promise<ValueImpact> {
  const hash = await resolveHash(runHistory, given);
  const walk = new Walk(runHistory, limit);
  const producers = await walk.having(hash);
  if (producers.length === 0) throw unknownValue(hash);
  for (const record of producers) walk.add(record);
  await walk.goOn();
  return { producers, items: walk.affected, truncated: walk.isCut };
}

class Walk {
  readonly affected: AffectedKnot[] = [];
  isCut = false;
  private readonly seen = new Set<string>();
  /** The parameters of all runs that have a value, by its hash. */
  private readonly parameters = new Map<string, readonly LineageRecord[]>();
  /** Affected knots whose children must still be found, by run. */
  private readonly open = new Map<string, Set<string>>();

  constructor(
    private readonly runHistory: RunHistory,
    private readonly limit: number,
  ) {}

  async having(hash: string): Promise<LineageRecord[]> {
    const records = await readAll(this.runHistory, { outputHash: hash }, this.limit + 1);
    if (records.length > this.limit) this.isCut = true;
    return records.slice(0, this.limit);
  }

  /** Adds a knot whose children are affected. */
  add(record: LineageRecord): boolean {
    const { temporal_run_id: run, knot_id: knot } = record;
    if (this.seen.has(keyOf(record))) return false;
    this.seen.add(keyOf(record));
    const ofRun = this.open.get(run) ?? new Set();
    this.open.set(run, ofRun.add(knot));
    return true;
  }

  /** Walks through one run after the other, so that the records of only one are in memory. */
  async goOn(): Promise<void> {
    for (let next = this.open.entries().next(); !next.done; next = this.open.entries().next()) {
      if (this.isFull()) return;
      const [run, knots] = next.value;
      this.open.delete(run);
      await this.descend(await this.runHistory.getRecords(run), knots);
      await this.ascend(run, knots);
    }
  }

  /** Continues to the knot that started the run, whose value the terminals' values make up. */
  private async ascend(run: string, knots: ReadonlySet<string>): Promise<void> {
    const ended = await this.runHistory.getRunByTemporalId(run);
    const starter = ended && startedBy(ended);
    if (!starter || this.isFull()) return;
    const through = [...new Set(Object.values(ended.terminals))].filter((terminal) => knots.has(terminal));
    if (through.length === 0) return;
    const [record] = await this.runHistory.getRecords(starter.temporalRunId, [starter.knot]);
    if (record && this.add(record)) this.affected.push({ record, through });
  }

  private async descend(records: readonly LineageRecord[], knots: Set<string>): Promise<void> {
    /** The first affected element of a map, by the map's id. */
    const elements = new Map<string, string>();
    const note = (id: string): void => {
      const map = mapOfElement(id);
      if (map !== undefined && !elements.has(map)) elements.set(map, id);
    };
    for (const id of knots) note(id);
    const byId = new Map(records.map((record) => [record.knot_id, record]));
    for (const id of inOrder(wiringOf(records))) {
      const record = byId.get(id)!;
      if (this.seen.has(keyOf(record))) continue;
      const parents = parentsOf(record).filter((parent) => knots.has(parent));
      const element = elements.get(id);
      const through = parents.length === 0 && element !== undefined ? [element] : parents;
      if (through.length === 0) continue;
      if (this.isFull()) return;
      knots.add(id);
      note(id);
      this.seen.add(keyOf(record));
      this.affected.push({ record, through });
      await this.follow(record);
    }
  }

  /** Continues into runs that got the knot's value as a parameter, at that time or later. */
  private async follow(record: LineageRecord): Promise<void> {
    const { output_hash: hash } = record;
    if (hash === null || !isTelling(record)) return;
    let parameters = this.parameters.get(hash);
    if (!parameters) {
      parameters = await readAll(this.runHistory, { outputHash: hash, definition: PARAMETER }, this.limit);
      this.parameters.set(hash, parameters);
    }
    for (const parameter of parameters) {
      if (parameter.started_at < record.finished_at || this.isFull()) continue;
      if (this.add(parameter)) this.affected.push({ record: parameter, through: [] });
    }
  }

  private isFull(): boolean {
    if (this.affected.length >= this.limit) this.isCut = true;
    return this.isCut && this.affected.length >= this.limit;
  }
}

function keyOf({ temporal_run_id, knot_id }: LineageRecord): string {
  return `${temporal_run_id} ${knot_id}`;
}
