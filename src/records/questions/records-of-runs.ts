import type { LineageRecord, RunHistory } from '../../ports';

/** Records by knot id, for runs requested one after the other. Each run is read once. */
export class RecordsOfRuns {
  private readonly runs = new Map<string, Promise<ReadonlyMap<string, LineageRecord>>>();

  constructor(private readonly runHistory: RunHistory) {}

  of(temporalRunId: string): Promise<ReadonlyMap<string, LineageRecord>> {
    let records = this.runs.get(temporalRunId);
    if (!records) this.runs.set(temporalRunId, (records = this.read(temporalRunId)));
    return records;
  }

  private async read(temporalRunId: string): Promise<ReadonlyMap<string, LineageRecord>> {
    const records = await this.runHistory.getRecords(temporalRunId);
    return new Map(records.map((record) => [record.knot_id, record]));
  }
}
