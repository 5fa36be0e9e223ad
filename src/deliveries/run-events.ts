import type { RunEvent } from '../emitters';
import { SelvageError } from '../errors';
import type { HistoryChange, LineageRecord, RecordKey, RunHistory, RunRecord } from '../ports';

/** Most runs that are remembered. */
const RUNS = 2_000;

/**
 * A history with an order of changes, which emitters need.
 *
 * @throws SelvageError `NoFeed`
 */
export function requireFeed(history: RunHistory): Feed {
  if (
    history.changes &&
    history.lastChange &&
    history.runsOf &&
    history.recordsOf &&
    history.emitterTableBeside
  )
    return history as Feed;
  throw new SelvageError(
    'NoFeed',
    `The run history (${history.technology}) keeps no order of what became durable, so emitters cannot hear of it. Keep the history in SQLite or PostgreSQL, or declare no emitters.`,
    { details: { technology: history.technology } },
  );
}

export type Feed = RunHistory &
  Required<Pick<RunHistory, 'changes' | 'lastChange' | 'runsOf' | 'recordsOf' | 'emitterTableBeside'>>;

/**
 * Makes events of changes, by bulk reads. A change of a removed run has none. A run in process is put on record as a whole
 * when it is over, so the change that tells of it has all its events, and the changes of its knots before it have none.
 */
export class RunEvents {
  readonly #history: Feed;
  /** Oldest first. */
  readonly #runs = new Map<string, RunRecord>();
  /** Several emitters hear of the same changes. */
  readonly #made = new WeakMap<HistoryChange, readonly RunEvent[]>();

  constructor(history: Feed) {
    this.#history = history;
  }

  /** The events of each change, in order. */
  async of(changes: readonly HistoryChange[]): Promise<(readonly RunEvent[])[]> {
    const unmade = changes.filter((change) => !this.#made.has(change));
    if (unmade.length > 0) {
      await this.#readRuns(unmade);
      const records = await this.#recordsOf(unmade);
      for (const change of unmade) {
        const run = this.#runs.get(change.temporal_run_id);
        this.#made.set(change, run ? await this.#eventsOf(change, run, records) : []);
      }
      this.#trim();
    }
    return changes.map((change) => this.#made.get(change)!);
  }

  /** Reads the runs that are not known, and those that have ended since. */
  async #readRuns(changes: readonly HistoryChange[]): Promise<void> {
    const wanted = new Set<string>();
    for (const { temporal_run_id: id, status } of changes) {
      const known = this.#runs.get(id);
      if (!known || (status !== undefined && status !== known.status)) wanted.add(id);
    }
    for (const run of await this.#history.runsOf([...wanted])) this.#runs.set(run.temporal_run_id, run);
  }

  async #recordsOf(changes: readonly HistoryChange[]): Promise<ReadonlyMap<string, LineageRecord>> {
    const wanted = changes.flatMap(({ temporal_run_id, knot_id }): RecordKey[] =>
      knot_id !== undefined && this.#runs.has(temporal_run_id) ? [[temporal_run_id, knot_id]] : [],
    );
    const records = await this.#history.recordsOf(wanted);
    return new Map(records.map((record) => [keyOf(record.temporal_run_id, record.knot_id), record]));
  }

  async #eventsOf(
    change: HistoryChange,
    run: RunRecord,
    records: ReadonlyMap<string, LineageRecord>,
  ): Promise<readonly RunEvent[]> {
    const { kind, temporal_run_id: id, at, status } = change;
    if (kind === 'run-ended') return [endOf(run, at, status ?? run.status)];
    if (kind === 'run-started') {
      const start: RunEvent = { type: 'run-started', id: `${id}/started`, at, run };
      return isWhole(run) ? [start, ...(await this.#knotsAndEnd(run))] : [start];
    }
    const record = records.get(keyOf(id, change.knot_id!));
    return record && !isOfWhole(record) ? [knotOf(record, run)] : [];
  }

  async #knotsAndEnd(run: RunRecord): Promise<RunEvent[]> {
    const records = await this.#history.getRecords(run.temporal_run_id);
    const knots = records.sort((a, b) => a.finished_at - b.finished_at).map((record) => knotOf(record, run));
    return [...knots, endOf(run, run.finished_at!, run.status)];
  }

  #trim(): void {
    const ids = this.#runs.keys();
    for (let surplus = this.#runs.size - RUNS; surplus > 0; surplus -= 1)
      this.#runs.delete(ids.next().value!);
  }
}

function knotOf(record: LineageRecord, run: RunRecord): RunEvent {
  const id = `${record.temporal_run_id}/${record.knot_id}/finished`;
  return { type: 'knot-finished', id, at: record.finished_at, run, record };
}

function endOf(run: RunRecord, at: number, status: RunRecord['status']): RunEvent {
  return { type: 'run-ended', id: `${run.temporal_run_id}/ended/${status}`, at, run };
}

/** Whether the run was put on record when it was over: workers say which Node they run on. */
function isWhole({ finished_at, details }: RunRecord): boolean {
  return finished_at !== null && details['selvage'] !== undefined && details['node'] === undefined;
}

function isOfWhole({ dispatcher }: LineageRecord): boolean {
  return dispatcher === 'in_process';
}

const keyOf = (temporalRunId: string, knotId: string): string => `${temporalRunId}/${knotId}`;
