import { EventEmitter, once } from 'node:events';
import type { HistoryChange, LineageRecord, RunRecord } from '../../ports';
import { CHANGES_AT_ONCE, notAPosition } from '../../ports/parts/changes';

/** The start or end of a run, with the number of records before it. */
interface RunEvent {
  readonly records: number;
  readonly kind: 'run-started' | 'run-ended';
  readonly run: RunRecord;
}

/**
 * The order of changes in memory. Only starts and ends of runs are kept beside the records, so a commit costs nothing
 * extra. A position is the number of records and of run events up to it.
 */
export class InMemoryChanges {
  readonly #prefix: string;
  readonly #events: (RunEvent | undefined)[] = [];
  /** Indexes in `#events`, by temporal run id. */
  readonly #eventsOf = new Map<string, { started?: number; ended?: number }>();
  readonly #news = new EventEmitter().setMaxListeners(0);

  /** @param records the records in commit order; a removed record leaves a gap */
  constructor(
    identity: string,
    private readonly records: readonly (LineageRecord | undefined)[],
    private readonly runOf: (temporalRunId: string) => RunRecord | undefined,
  ) {
    this.#prefix = identity.slice(0, 8);
  }

  noteStart(run: RunRecord): void {
    this.#eventsOf.set(run.temporal_run_id, { started: this.#events.length });
    this.#note('run-started', run);
  }

  /** A run's earlier end is no longer reported. */
  noteEnd(run: RunRecord): void {
    const events = this.#eventsOf.get(run.temporal_run_id)!;
    if (events.ended !== undefined) this.#events[events.ended] = undefined;
    events.ended = this.#events.length;
    this.#note('run-ended', run);
  }

  #note(kind: RunEvent['kind'], run: RunRecord): void {
    this.#events.push({ records: this.records.length, kind, run });
    this.wake();
  }

  forget(temporalRunId: string): void {
    for (const index of Object.values(this.#eventsOf.get(temporalRunId) ?? {}))
      this.#events[index] = undefined;
    this.#eventsOf.delete(temporalRunId);
  }

  /** The number of times that there was news. */
  #times = 0;

  get times(): number {
    return this.#times;
  }

  wake(): void {
    this.#times += 1;
    this.#news.emit('change');
  }

  /** Resolves at news since `seen`, an earlier value of {@link times}, or when the signal is aborted. */
  async news(seen: number, signal: AbortSignal | undefined): Promise<void> {
    if (seen === this.#times) await once(this.#news, 'change', signal && { signal }).catch(() => undefined);
    // Commits of one turn are reported in one batch.
    await new Promise((resolve) => setImmediate(resolve));
  }

  behind(after: string | undefined): HistoryChange[] {
    let [record, event] = after === undefined ? [0, 0] : this.#parsed(after);
    const changes: HistoryChange[] = [];
    while (
      changes.length < CHANGES_AT_ONCE &&
      (record < this.records.length || event < this.#events.length)
    ) {
      // A removed event is skipped in place: later events have at least as many records before them.
      const next = event < this.#events.length ? this.#events[event] : undefined;
      if (event < this.#events.length && (!next || next.records <= record)) {
        event += 1;
        if (next) {
          const { ended } = this.#eventsOf.get(next.run.temporal_run_id) ?? {};
          changes.push(runChange(next, ended !== undefined, this.#position(record, event)));
        }
      } else {
        const told = this.records[record++];
        if (told) changes.push(this.#recordChange(told, record, this.#position(record, event)));
      }
    }
    return changes;
  }

  last(): string | undefined {
    const [records, events] = [this.records.length, this.#events.length];
    return records + events === 0 ? undefined : this.#position(records, events);
  }

  /** @param number the number of records up to and with this record */
  #recordChange(record: LineageRecord, number: number, position: string): HistoryChange {
    const { run_id, temporal_run_id, knot_id, outcome, finished_at: at } = record;
    const tapestry = this.runOf(temporal_run_id)?.tapestry ?? '';
    const isBeforeRun = number <= this.recordsBefore(temporal_run_id);
    return {
      position,
      kind: 'knot-finished',
      run_id,
      temporal_run_id,
      tapestry,
      knot_id,
      outcome,
      at,
      ...(isBeforeRun && { isBeforeRun }),
    };
  }

  /** The number of records at the moment when the run was put on record. */
  recordsBefore(temporalRunId: string): number {
    const started = this.#eventsOf.get(temporalRunId)?.started;
    return started === undefined ? Number.POSITIVE_INFINITY : (this.#events[started]?.records ?? 0);
  }

  #position(records: number, events: number): string {
    return `${this.#prefix}_${records}_${events}`;
  }

  #parsed(position: string): [records: number, events: number] {
    const [prefix, records, events, ...more] = position.split('_');
    const counts: [number, number] = [Number(records), Number(events)];
    const isOurs =
      prefix === this.#prefix &&
      more.length === 0 &&
      /^\d+$/.test(records ?? '') &&
      /^\d+$/.test(events ?? '') &&
      counts[0] <= this.records.length &&
      counts[1] <= this.#events.length;
    if (!isOurs) throw notAPosition(position);
    return counts;
  }
}

function runChange({ kind, run }: RunEvent, hasEnded: boolean, position: string): HistoryChange {
  const { run_id, temporal_run_id, tapestry, started_at, finished_at, status } = run;
  const about = { position, kind, run_id, temporal_run_id, tapestry };
  const isWhole = !hasEnded && status !== 'running';
  return kind === 'run-started'
    ? { ...about, at: started_at, ...(isWhole && { status }) }
    : { ...about, status, at: finished_at ?? started_at };
}
