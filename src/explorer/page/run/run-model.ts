import { mapOfElement } from '../../../authoring/element-id';
import type { GraphState, RunGraph } from '../../../authoring/run-graph';
import {
  marksOf,
  usualOf,
  type KnotMarks,
  type KnotStatus,
  type UsualTimes,
} from '../../../visualisation/marks';
import { kinshipOf, type Kinship } from '../../../visualisation/selection';
import type { WaitingKnot } from '../../../connection/explain/waiting';
import type { LiveMessage } from '../../contract';

/** Counts of a map's elements from events, until the map's own record exists. */
interface ElementCounts {
  readonly ok: number;
  readonly failed: number;
}

/** Options for graphs whose knots show something other than their status. */
interface ModelOptions {
  readonly statuses?: readonly KnotStatus[];
  readonly words?: Readonly<Partial<Record<KnotStatus, string>>>;
}

/** The state of each knot of a run. Views listen for changes, and read everything when they are shown again. */
export class RunModel {
  readonly knots: RunGraph['knots'];
  readonly marks: KnotMarks[];
  readonly states: (GraphState | undefined)[];
  readonly waits: (WaitingKnot | undefined)[];
  readonly counts: Record<KnotStatus, number>;
  readonly wordOf: (status: KnotStatus) => string;
  private readonly index = new Map<string, number>();
  private readonly elements = new Map<number, { ok: number; failed: number }>();
  private readonly listeners = new Set<(changed: readonly number[]) => void>();
  private links: Kinship | undefined;
  private usual: UsualTimes | undefined;

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
    this.marks =
      options.statuses?.map((status) => ({ status, word: this.wordOf(status), notes: [] })) ??
      graph.knots.map((_, index) => this.marksOf(index));
    this.counts = countsOf(this.marks);
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

  statusOf(knot: number): KnotStatus {
    return this.marks[knot]!.status;
  }

  setUsual(usual: UsualTimes): void {
    this.usual = usual;
    this.changed(new Set(this.knots.keys()));
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

  /** Merges an answer for the same wiring. The answer may be older than the model, so known states stay. */
  refresh(graph: RunGraph, waiting: Readonly<Record<string, WaitingKnot>> = {}): void {
    const changed = new Set<number>();
    graph.knots.forEach(({ id, state }) => {
      const index = this.index.get(id);
      if (index === undefined) return;
      const [before, wait] = [this.states[index], this.waits[index]];
      if (state && state.finishedAt !== before?.finishedAt) this.states[index] = state;
      this.waits[index] = this.states[index] ? undefined : own(waiting, id);
      const isOther = this.states[index] !== before || !sameWait(wait, this.waits[index]);
      if (isOther || this.hasBecomeSlow(index)) changed.add(index);
    });
    this.changed(changed);
  }

  /** A running knot becomes slow by the clock alone. */
  private hasBecomeSlow(index: number): boolean {
    const isRunning = this.waits[index]?.state === 'running';
    return isRunning && this.marksOf(index).notes.length !== this.marks[index]!.notes.length;
  }

  private marksOf(index: number): KnotMarks {
    const [state, waiting] = [this.states[index], this.waits[index]];
    const marks = marksOf({ state, waiting, usualMs: usualOf(this.usual, this.knots[index]!) }, Date.now());
    return marks.word === marks.status ? { ...marks, word: this.wordOf(marks.status) } : marks;
  }

  private changed(changed: ReadonlySet<number>): void {
    if (changed.size === 0) return;
    for (const index of changed) {
      const marks = this.marksOf(index);
      this.counts[this.statusOf(index)] -= 1;
      this.counts[marks.status] += 1;
      this.marks[index] = marks;
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

function countsOf(marks: readonly KnotMarks[]): Record<KnotStatus, number> {
  const counts = { pending: 0, waiting: 0, running: 0, ok: 0, reused: 0, failed: 0, skipped: 0 };
  for (const { status } of marks) counts[status] += 1;
  return counts;
}
