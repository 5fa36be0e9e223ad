import { SelvageError } from '../errors';
import { stateOf } from '../runtime';
import { mapOfElement } from '../authoring/element-id';
import type { Backends, HistoryChange, RunHistory, RunRecord } from '../ports';
import type { RunStatus } from '../authoring/outcome';
import type { GraphState } from '../authoring/run-graph';
import type { Plans } from './plans';

/** A change, without its data: the page asks again for what it shows. */
export interface LiveMessage {
  readonly kind: 'run-started' | 'knot-finished' | 'run-ended';
  readonly runId: string;
  readonly temporalRunId: string;
  readonly tapestry: string;
  /** For `knot-finished`: id and state of the knot or element. */
  readonly knotId?: string;
  readonly state?: GraphState;
  /** For `run-ended`. */
  readonly status?: RunStatus;
  readonly at: number;
}

const KEPT_EVENTS = 5_000;
/** Time without listeners and questions after which reading ends. */
const IDLE_MS = 120_000;
const AGAIN_MS = 1_000;

/** Events up to a position. */
export interface LiveBatch {
  readonly position: string;
  readonly events: readonly LiveMessage[];
}

interface Listener {
  tell(batch: LiveBatch): void;
  /** Tells the position up to which events were left out. */
  skipped(position: string): void;
}

/** A run history with ordered changes. */
type FollowedHistory = RunHistory & Required<Pick<RunHistory, 'changes' | 'lastChange'>>;

export function isFollowed(history: RunHistory): history is FollowedHistory {
  return history.changes !== undefined && history.lastChange !== undefined;
}

/** The position before any change. */
const BEGINNING = '-';

/**
 * Changes of a run history with the states of its knots, read once for all clients of this process.
 * F1  A client that names a position receives everything after it, or hears that something was left out.
 * F2  A position is returned only after everything up to it was sent to all: later answers are never older.
 */
export class LiveFeed {
  readonly #listeners = new Set<Listener>();
  readonly #kept: LiveBatch[] = [];
  #keptEvents = 0;
  #keptFrom: string | undefined;
  #head: string | undefined;
  #reading: AbortController | undefined;
  #begun: Promise<void> | undefined;
  #idle: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(
    private readonly history: FollowedHistory,
    private readonly backends: Backends,
    private readonly plans: Plans,
  ) {}

  /** Returns a position up to which answers that are read from now on include all changes. */
  async position(): Promise<string> {
    await this.#begin();
    this.#waitForNobody();
    return this.#head!;
  }

  /** Sends everything after a position (default: from now on), until the returned function is called. */
  async listen(after: string | undefined, listener: Listener): Promise<() => void> {
    await this.#begin();
    clearTimeout(this.#idle);
    const head = this.#head!;
    const missed = after === undefined || after === head ? [] : this.#behind(after);
    if (missed) for (const batch of missed) listener.tell(batch);
    else listener.skipped(head);
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      this.#waitForNobody();
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
  }

  /** The events after a position; undefined if the position is unknown, or no longer kept. */
  #behind(after: string): LiveBatch[] | undefined {
    if (after === this.#keptFrom) return [...this.#kept];
    const at = this.#kept.findIndex(({ position }) => position === after);
    return at < 0 ? undefined : this.#kept.slice(at + 1);
  }

  #begin(): Promise<void> {
    return (this.#begun ??= this.#start().catch((error: unknown) => {
      this.#begun = undefined;
      throw error;
    }));
  }

  async #start(): Promise<void> {
    const head = (await this.history.lastChange()) ?? BEGINNING;
    this.#head = head;
    this.#keptFrom = head;
    // If the feed was closed meanwhile, nobody would end the new reader.
    if (this.#isClosed) return;
    const reading = new AbortController();
    this.#reading = reading;
    void this.#read(reading.signal);
  }

  async #read(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const after = this.#head === BEGINNING ? undefined : this.#head;
        const changes = this.history.changes({ signal, ...(after !== undefined && { after }) });
        for await (const batch of changes) {
          if (signal.aborted) return;
          await this.#take(batch);
        }
      } catch (error) {
        // After a restore from a backup, everything shown is out of date.
        if (SelvageError.is(error, 'InvalidCursor')) await this.#beginAnew().catch(() => undefined);
        // Other errors are outages, which questions report; the loop tries again.
      }
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS).unref());
    }
  }

  async #beginAnew(): Promise<void> {
    const head = (await this.history.lastChange()) ?? BEGINNING;
    this.#head = head;
    this.#keptFrom = head;
    this.#kept.length = 0;
    this.#keptEvents = 0;
    for (const listener of this.#listeners) listener.skipped(head);
  }

  async #take(changes: readonly HistoryChange[]): Promise<void> {
    const last = changes.at(-1);
    if (!last) return;
    const events = await this.#eventsOf(changes);
    const batch = { position: last.position, events };
    this.#head = batch.position;
    this.#kept.push(batch);
    this.#keptEvents += events.length;
    while (this.#keptEvents > KEPT_EVENTS && this.#kept.length > 1) {
      const first = this.#kept.shift()!;
      this.#keptEvents -= first.events.length;
      this.#keptFrom = first.position;
    }
    for (const listener of this.#listeners) listener.tell(batch);
  }

  async #eventsOf(changes: readonly HistoryChange[]): Promise<LiveMessage[]> {
    const runs = new Map<string, { readonly knots: string[]; isEnded: boolean }>();
    for (const { temporal_run_id: id, knot_id, kind } of changes) {
      const run = runs.get(id) ?? { knots: [], isEnded: false };
      if (knot_id !== undefined) run.knots.push(knot_id);
      if (kind === 'run-ended') run.isEnded = true;
      runs.set(id, run);
    }
    const seen = new Map(
      await Promise.all(
        [...runs].map(
          async ([id, { knots, isEnded }]) => [id, await this.#look(id, knots, isEnded)] as const,
        ),
      ),
    );
    return changes.map((change): LiveMessage => {
      const { run, states } = seen.get(change.temporal_run_id)!;
      const state = change.knot_id === undefined ? undefined : states.get(change.knot_id);
      return {
        kind: change.kind,
        runId: change.run_id,
        temporalRunId: change.temporal_run_id,
        tapestry: change.tapestry,
        ...(change.knot_id !== undefined && { knotId: change.knot_id }),
        ...(state && { state }),
        ...(change.kind === 'run-ended' && run && { status: run.status }),
        at: change.at,
      };
    });
  }

  /** Asks one query for all knots of a run, and one for the run. */
  async #look(
    temporalRunId: string,
    knots: readonly string[],
    isEnded: boolean,
  ): Promise<{
    readonly run: RunRecord | undefined;
    readonly states: ReadonlyMap<string, NonNullable<LiveMessage['state']>>;
  }> {
    const { runHistory } = this.backends;
    const states = new Map<string, NonNullable<LiveMessage['state']>>();
    if (knots.length === 0 && !isEnded) return { run: undefined, states };
    const [run, records] = await Promise.all([
      runHistory.getRunByTemporalId(temporalRunId),
      knots.length > 0 ? runHistory.getRecords(temporalRunId, knots) : [],
    ]);
    const plan = run && records.length > 0 ? await this.plans.of(run).catch(() => undefined) : undefined;
    for (const record of records) {
      const map = mapOfElement(record.knot_id);
      const planned = plan?.has(map ?? record.knot_id) ? plan.knot(map ?? record.knot_id) : undefined;
      const definition =
        planned &&
        plan &&
        (map === undefined ? plan.definitionOf(planned) : plan.elementDefinitionOf(planned));
      // Without the plan, the record's own code hash stands in, so that the code never counts as changed.
      states.set(record.knot_id, stateOf(record, definition?.codeHash ?? record.code_hash ?? undefined));
    }
    return { run, states };
  }

  #waitForNobody(): void {
    clearTimeout(this.#idle);
    if (this.#listeners.size > 0 || this.#isClosed) return;
    this.#idle = setTimeout(() => this.#stop(), IDLE_MS).unref();
  }

  #stop(): void {
    clearTimeout(this.#idle);
    this.#reading?.abort();
    this.#reading = undefined;
    this.#begun = undefined;
    this.#kept.length = 0;
    this.#keptEvents = 0;
  }
}
