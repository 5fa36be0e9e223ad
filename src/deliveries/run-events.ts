import type { RunEvent } from '../emitters';
import { SelvageError } from '../errors';
import { redactTexts } from '../values/redact';
import type { HistoryChange, LineageRecord, RecordKey, RunHistory, RunRecord } from '../ports';

/** A history with an order of changes. @throws SelvageError `NoChangeFeed` */
export function requireFeed(history: RunHistory): Feed {
  if (
    history.changes &&
    history.lastChange &&
    history.runsOf &&
    history.recordsOf &&
    history.recordsBeforeRun &&
    history.emitterTableBeside
  )
    return history as Feed;
  throw new SelvageError(
    'NoChangeFeed',
    `The run history (${history.technology}) keeps no order of its changes, which emitters need. Keep the history in SQLite or PostgreSQL, or declare no emitters.`,
    { details: { technology: history.technology } },
  );
}

export type Feed = RunHistory &
  Required<
    Pick<
      RunHistory,
      'changes' | 'lastChange' | 'runsOf' | 'recordsOf' | 'recordsBeforeRun' | 'emitterTableBeside'
    >
  >;

/**
 * Makes events of changes, by bulk reads; none for removed runs. Records from before the run record follow the event of
 * the run's start. Such records are its parameters, and all records of a run in process, which is recorded at its end.
 */
export class RunEvents {
  /** Oldest first. */
  readonly #runs = new Map<string, RunRecord>();
  readonly #made: WeakMap<HistoryChange, readonly RunEvent[]> | undefined;

  /** @param isShared whether several emitters read the same changes, so that events are kept */
  constructor(
    private readonly history: Feed,
    isShared: boolean,
    private readonly remembered = 2_000,
  ) {
    this.#made = isShared ? new WeakMap() : undefined;
  }

  /** Events in the order of the changes. */
  async of(changes: readonly HistoryChange[]): Promise<(readonly RunEvent[])[]> {
    const known = this.#made;
    if (!known) return await this.#make(changes);
    const unmade = changes.filter((change) => !known.has(change));
    for (const [index, events] of (await this.#make(unmade)).entries()) known.set(unmade[index]!, events);
    return changes.map((change) => known.get(change)!);
  }

  async #make(changes: readonly HistoryChange[]): Promise<(readonly RunEvent[])[]> {
    if (changes.length === 0) return [];
    const runs = await this.#runsOf(changes);
    const [records, early] = await Promise.all([
      this.#recordsOf(changes, runs),
      this.#recordsBefore(changes),
    ]);
    this.#trim();
    return changes.map((change) => {
      const run = runs.get(change.temporal_run_id);
      return run ? eventsOf(change, run, records, early) : [];
    });
  }

  /** Reads unknown runs, and known ones that have ended since. Concurrent calls may evict runs. */
  async #runsOf(changes: readonly HistoryChange[]): Promise<ReadonlyMap<string, RunRecord>> {
    const runs = new Map<string, RunRecord>();
    const wanted = new Set<string>();
    for (const { temporal_run_id: id, status } of changes) {
      const known = this.#runs.get(id);
      if (known && (status === undefined || status === known.status)) runs.set(id, known);
      else wanted.add(id);
    }
    for (const id of wanted) runs.delete(id);
    // Events have redacted copies, since emitters send them elsewhere.
    for (const run of (await this.history.runsOf([...wanted])).map(redactTexts)) {
      runs.set(run.temporal_run_id, run);
      this.#runs.set(run.temporal_run_id, run);
    }
    return runs;
  }

  async #recordsOf(
    changes: readonly HistoryChange[],
    runs: ReadonlyMap<string, RunRecord>,
  ): Promise<ReadonlyMap<string, LineageRecord>> {
    const wanted = changes.flatMap(({ temporal_run_id, knot_id, isBeforeRun }): RecordKey[] =>
      knot_id !== undefined && !isBeforeRun && runs.has(temporal_run_id) ? [[temporal_run_id, knot_id]] : [],
    );
    const records = await this.history.recordsOf(wanted);
    return new Map(records.map((record) => [keyOf(record.temporal_run_id, record.knot_id), record]));
  }

  /** Records from before the run records of started runs, by Temporal run id. */
  async #recordsBefore(changes: readonly HistoryChange[]): Promise<ReadonlyMap<string, LineageRecord[]>> {
    const started = changes
      .filter(({ kind }) => kind === 'run-started')
      .map((change) => change.temporal_run_id);
    const early = new Map<string, LineageRecord[]>();
    if (started.length === 0) return early;
    for (const record of await this.history.recordsBeforeRun(started)) {
      const ofRun = early.get(record.temporal_run_id);
      if (ofRun) ofRun.push(record);
      else early.set(record.temporal_run_id, [record]);
    }
    return early;
  }

  #trim(): void {
    const ids = this.#runs.keys();
    for (let surplus = this.#runs.size - this.remembered; surplus > 0; surplus -= 1)
      this.#runs.delete(ids.next().value!);
  }
}

function eventsOf(
  { kind, temporal_run_id: id, knot_id, at, status }: HistoryChange,
  run: RunRecord,
  records: ReadonlyMap<string, LineageRecord>,
  early: ReadonlyMap<string, readonly LineageRecord[]>,
): readonly RunEvent[] {
  if (kind === 'knot-finished') {
    const record = records.get(keyOf(id, knot_id!));
    return record ? [knotOf(record, run)] : [];
  }
  if (kind === 'run-ended') return [endOf(run, at, status ?? run.status)];
  return [
    { type: 'run-started', id: `${id}/started`, at, run },
    ...(early.get(id) ?? []).map((record) => knotOf(record, run)),
    ...(status === undefined ? [] : [endOf(run, run.finished_at ?? at, status)]),
  ];
}

function knotOf(record: LineageRecord, run: RunRecord): RunEvent {
  const id = `${record.temporal_run_id}/${record.knot_id}/finished`;
  return { type: 'knot-finished', id, at: record.finished_at, run, record: redactTexts(record) };
}

function endOf(run: RunRecord, at: number, status: RunRecord['status']): RunEvent {
  return { type: 'run-ended', id: `${run.temporal_run_id}/ended/${status}`, at, run };
}

const keyOf = (temporalRunId: string, knotId: string): string => `${temporalRunId}/${knotId}`;
