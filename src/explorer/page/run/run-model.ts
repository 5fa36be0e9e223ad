import { mapOfElement } from '../../../authoring/element-id';
import type { GraphState, RunGraph } from '../../../authoring/run-graph';
import { kinshipOf, type Kinship, type KnotStatus } from '../../../visualisation/selection';
import type { WaitingKnot } from '../../../connection/explain/waiting';
import type { LiveMessage } from '../../contract';
import { statusOf } from '../graph/status';

/** Counts of a map's elements from events, until the map's own record exists. */
interface ElementCounts {
  readonly ok: number;
  readonly failed: number;
}

/** For graphs whose knots show something other than their status. */
interface ModelOptions {
  readonly statuses?: readonly KnotStatus[];
  readonly words?: Readonly<Partial<Record<KnotStatus, string>>>;
}

/** The state of each knot of a run. Views listen for changes, and read everything when they are shown again. */
export class RunModel {
  readonly knots: RunGraph['knots'];
  readonly statuses: KnotStatus[];
  readonly states: (GraphState | undefined)[];
  readonly waits: (WaitingKnot | undefined)[];
  readonly counts: Record<KnotStatus, number>;
  readonly wordOf: (status: KnotStatus) => string;
  private readonly index = new Map<string, number>();
  private readonly elements = new Map<number, { ok: number; failed: number }>();
  private readonly listeners = new Set<(changed: readonly number[]) => void>();
  private links: Kinship | undefined;

  constructor(
    readonly graph: RunGraph,
    waiting: Readonly<Record<string, WaitingKnot>> = {},
    options: ModelOptions = {},
  ) {
    this.wordOf = (status) => options.words?.[status] ?? status;
    this.knots = graph.knots;
    graph.knots.forEach(({ id }, index) => this.index.set(id, index));
    this.states = graph.knots.map(({ state }) => state);
    this.waits = graph.knots.map(({ id, state }) => (state ? undefined : own(waiting, id)));
    this.statuses = options.statuses
      ? [...options.statuses]
      : graph.knots.map((knot, index) => statusOf(knot, this.waits[index]));
    this.counts = countsOf(this.statuses);
  }

  get kinship(): Kinship {
    return (this.links ??= kinshipOf(this.graph));
  }

  indexOf(id: string): number | undefined {
    return this.index.get(id);
  }

  /** The map's elements that have ended since the page was opened; undefined if none have. */
  elementsOf(map: number): ElementCounts | undefined {
    return this.elements.get(map);
  }

  onChange(listener: (changed: readonly number[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  apply(events: readonly LiveMessage[]): void {
    const changed = new Set<number>();
    for (const { kind, knotId, state } of events) {
      if (kind !== 'knot-finished' || knotId === undefined || !state) continue;
      const index = this.index.get(knotId);
      if (index !== undefined) {
        this.states[index] = state;
        this.waits[index] = undefined;
        changed.add(index);
        continue;
      }
      const map = this.index.get(mapOfElement(knotId) ?? knotId);
      if (map === undefined || this.states[map]) continue;
      const counted = this.elements.get(map) ?? { ok: 0, failed: 0 };
      counted[state.outcome === 'err' ? 'failed' : 'ok'] += 1;
      this.elements.set(map, counted);
      changed.add(map);
    }
    this.changed(changed);
  }

  /** Merges an answer for the same wiring. It may be older, so known states stay. */
  refresh(graph: RunGraph, waiting: Readonly<Record<string, WaitingKnot>> = {}): void {
    const changed = new Set<number>();
    graph.knots.forEach(({ id, state }) => {
      const index = this.index.get(id);
      if (index === undefined) return;
      const [before, wait] = [this.states[index], this.waits[index]];
      if (state && state.finishedAt !== before?.finishedAt) this.states[index] = state;
      this.waits[index] = this.states[index] ? undefined : own(waiting, id);
      if (this.states[index] !== before || !sameWait(wait, this.waits[index])) changed.add(index);
    });
    this.changed(changed);
  }

  private changed(changed: ReadonlySet<number>): void {
    if (changed.size === 0) return;
    for (const index of changed) {
      const status = statusOf({ ...this.knots[index]!, state: this.states[index] }, this.waits[index]);
      this.counts[this.statuses[index]!] -= 1;
      this.counts[status] += 1;
      this.statuses[index] = status;
    }
    const list = [...changed];
    for (const listener of [...this.listeners]) listener(list);
  }
}

/** Ids come from users: one may be called `constructor`. */
const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

const sameWait = (one: WaitingKnot | undefined, other: WaitingKnot | undefined): boolean =>
  one?.state === other?.state &&
  one?.reason.code === other?.reason.code &&
  one?.reason.message === other?.reason.message &&
  one?.since === other?.since;

function countsOf(statuses: readonly KnotStatus[]): Record<KnotStatus, number> {
  const counts = { pending: 0, waiting: 0, running: 0, ok: 0, reused: 0, failed: 0, skipped: 0 };
  for (const status of statuses) counts[status] += 1;
  return counts;
}
