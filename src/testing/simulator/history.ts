import type { Uses } from '../../activities/worker-parts';
import type {
  CommitResult,
  LineageQuery,
  LineageRecord,
  RequiredRecords,
  RunEnd,
  RunRecord,
} from '../../ports';
import type { SimulatedWorld } from './world';

type History = Uses<'backends'>['backends']['runHistory'];

/** The run history of a world, with the methods that workers use. */
export class SimulatedHistory implements History {
  readonly technology = 'simulated';
  private readonly ends = new Map<string, RunEnd>();

  constructor(private readonly world: SimulatedWorld) {}

  async getRecords(run: string, knots: readonly string[] = []): Promise<LineageRecord[]> {
    const { store } = this.world.ledger;
    return knots.flatMap((knot) => store.lookUp(run, knot) ?? []);
  }

  async getOutcomes(run: string, knots: readonly string[]): Promise<LineageRecord[]> {
    const { store } = this.world.ledger;
    return knots.flatMap((knot) => store.find(run, knot) ?? []);
  }

  async findCached(keys: readonly string[]): Promise<Map<string, LineageRecord>> {
    const found = new Map<string, LineageRecord>();
    for (const run of this.world.runs.keys()) {
      for (const record of this.world.ledger.store.recordsOf(run)) {
        const { cache_key: key, outcome } = record;
        if (key !== null && outcome === 'ok' && keys.includes(key) && !found.has(key)) found.set(key, record);
      }
    }
    return found;
  }

  async findLineage({ temporalRunId, outcome }: LineageQuery): Promise<{ items: LineageRecord[] }> {
    const records = this.world.ledger.store.recordsOf(temporalRunId!);
    return { items: records.filter((record) => outcome === undefined || record.outcome === outcome) };
  }

  async getRun(run: string): Promise<RunRecord | undefined> {
    return await this.getRunByTemporalId(run);
  }

  async getRunByTemporalId(id: string): Promise<RunRecord | undefined> {
    const run = this.world.runs.get(id);
    if (!run) return undefined;
    const { plan } = run.subject;
    const begun: Partial<RunRecord> = {
      run_id: id,
      temporal_run_id: id,
      plan_hash: plan.hash,
      status: 'running',
      terminals: plan.terminals(),
      started_at: 0,
      finished_at: null,
      details: {},
    };
    return { ...begun, ...this.ends.get(id) } as RunRecord;
  }

  async countRecords(run: string, prefix: string): Promise<number> {
    const records = this.world.ledger.store.recordsOf(run);
    return records.filter(({ knot_id }) => knot_id.startsWith(prefix)).length;
  }

  hasEnded(run: string): boolean {
    return this.ends.has(run);
  }

  /** Runs are on record from their beginning. */
  async startRun(record: RunRecord): Promise<RunRecord> {
    return record;
  }

  async endRun(
    run: string,
    end: RunEnd,
    { knots, elements = [] }: RequiredRecords = NOTHING,
  ): Promise<boolean> {
    const { store } = this.world.ledger;
    if (!knots.every((knot) => store.find(run, knot))) return false;
    for (const [prefix, count] of elements) if ((await this.countRecords(run, prefix)) < count) return false;
    if (!this.ends.has(run)) this.ends.set(run, end);
    return true;
  }

  async commit(records: readonly LineageRecord[]): Promise<CommitResult[]> {
    const { ledger, steps } = this.world;
    return records.map((record) => ledger.insert(record, undefined, steps));
  }
}

const NOTHING: RequiredRecords = { knots: [] };
