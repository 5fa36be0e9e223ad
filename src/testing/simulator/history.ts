import type { LineageQuery, LineageRecord, RunHistory, RunRecord } from '../../ports';
import type { SimulatedWorld } from './world';

/** The run history of a world, with the methods that workers use. */
export class SimulatedHistory implements Pick<
  RunHistory,
  'getRecords' | 'getOutcomes' | 'findCached' | 'findLineage' | 'getRun' | 'getRunByTemporalId'
> {
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
    return { items: records.filter((record) => record.outcome === outcome) };
  }

  async getRun(run: string): Promise<RunRecord | undefined> {
    return await this.getRunByTemporalId(run);
  }

  async getRunByTemporalId(id: string): Promise<RunRecord | undefined> {
    const run = this.world.runs.get(id);
    if (!run) return undefined;
    const { plan } = run.subject;
    const status = run.isOver ? 'succeeded' : 'running';
    const record: Partial<RunRecord> = { status, terminals: plan.terminals(), details: {} };
    return record as RunRecord;
  }
}
