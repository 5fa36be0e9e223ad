import type { LineageRecord, RunHistory } from '../protocols';
import { inOrder } from './in-order';
import { RecordsOfRuns } from './records-of-runs';
import { isParameter, isTelling } from './telling-values';
import { unknownValue } from './why';

/** What was made of a value. */
export interface Impact {
  /** Who has the value itself, newest first: the knots that made it or took it over, and parameters. */
  readonly having: readonly LineageRecord[];
  /** All below them, parents before children within a run; in later runs, too, of which the value or what was made of it was a parameter. */
  readonly affected: readonly AffectedKnot[];
  /** There is more than `limit`. */
  readonly isCut: boolean;
}

export interface AffectedKnot {
  readonly record: LineageRecord;
  /** The parents, by id, through which it is affected; empty of a parameter of a later run. */
  readonly through: readonly string[];
}

export interface ImpactOptions {
  /** Records in all, at most. Default 1,000. */
  readonly limit?: number;
}

const LIMIT = 1_000;

/**
 * Walks down from a value: what took it in, what that made, and so on, over all runs.
 *
 * @throws SelvageError `UnknownValue`, `BackendUnavailable`
 */
export async function impact(
  runHistory: RunHistory,
  hash: string,
  { limit = LIMIT }: ImpactOptions = {},
): Promise<Impact> {
  const walk = new Walk(runHistory, limit);
  const having = await walk.having(hash);
  if (having.length === 0) throw unknownValue(hash);
  for (const record of having) walk.add(record);
  await walk.goOn();
  return { having, affected: walk.affected, isCut: walk.isCut };
}

class Walk {
  readonly affected: AffectedKnot[] = [];
  isCut = false;
  private readonly records: RecordsOfRuns;
  private readonly seen = new Set<string>();
  private readonly followed = new Set<string>();
  /** By run: affected knots whose children are still to be looked for. */
  private readonly open = new Map<string, Set<string>>();

  constructor(
    private readonly runHistory: RunHistory,
    private readonly limit: number,
  ) {
    this.records = new RecordsOfRuns(runHistory);
  }

  async having(hash: string): Promise<LineageRecord[]> {
    this.followed.add(hash);
    const records: LineageRecord[] = [];
    for (let cursor: string | undefined; records.length < this.limit;) {
      const page = await this.runHistory.findLineage({
        outputHash: hash,
        limit: Math.min(this.limit - records.length, LIMIT),
        ...(cursor !== undefined && { cursor }),
      });
      records.push(...page.items);
      ({ cursor } = page);
      if (cursor === undefined) return records;
    }
    this.isCut = true;
    return records;
  }

  /** A knot whose children are affected. */
  add(record: LineageRecord): boolean {
    const { temporal_run_id: run, knot_id: knot } = record;
    if (this.seen.has(keyOf(record))) return false;
    this.seen.add(keyOf(record));
    const ofRun = this.open.get(run) ?? new Set();
    this.open.set(run, ofRun.add(knot));
    return true;
  }

  async goOn(): Promise<void> {
    for (let next = this.open.entries().next(); !next.done; next = this.open.entries().next()) {
      const [run, knots] = next.value;
      this.open.delete(run);
      await this.descend(run, knots);
    }
  }

  private async descend(run: string, knots: Set<string>): Promise<void> {
    for (const record of inOrder(await this.records.of(run))) {
      if (this.seen.has(keyOf(record))) continue;
      const through = [...new Set(Object.values(record.parent_knot_ids))].filter((parent) =>
        knots.has(parent),
      );
      if (through.length === 0) continue;
      knots.add(record.knot_id);
      await this.note({ record, through });
    }
  }

  private async note(knot: AffectedKnot): Promise<void> {
    const { record } = knot;
    this.seen.add(keyOf(record));
    if (this.affected.length >= this.limit) {
      this.isCut = true;
      return;
    }
    this.affected.push(knot);
    if (record.output_hash === null || !isTelling(record) || this.followed.has(record.output_hash)) return;
    for (const other of await this.having(record.output_hash)) {
      if (!isParameter(other) || other.started_at < record.finished_at) continue;
      if (this.add(other)) this.affected.push({ record: other, through: [] });
    }
  }
}

function keyOf({ temporal_run_id, knot_id }: LineageRecord): string {
  return `${temporal_run_id} ${knot_id}`;
}
