import type { ErrorPolicy } from '../authoring/records';
import { branchOf } from './branches';
import type { Layout } from '../plan/layout';
import { packCodes, unpackCodes } from './outcome-codes';
import type { KnotOutcome, OutcomeKind, SchedulerCounts } from './protocol';

/** The first four states are also the codes in a save, where a running knot is waiting. */
export const WAITING = 0;
export const OK = 1;
export const ERR = 2;
export const SKIPPED = 3;
export const RUNNING = 4;

export type Settled = typeof OK | typeof ERR | typeof SKIPPED;

export const STATES = { ok: OK, err: ERR, skipped: SKIPPED } as const;
const KINDS = [undefined, 'ok', 'err', 'skipped', undefined] as const;

const PARENT_ERR = 1;
const PARENT_SKIPPED = 2;
/** Marks of settled parents on their children, by state. */
const MARKS = [0, 0, PARENT_ERR, PARENT_SKIPPED, 0] as const;

/** State of a knot with a parent that is not Ok, by error policy; undefined if the knot runs. */
const FATES: Readonly<Record<ErrorPolicy, typeof ERR | typeof SKIPPED | undefined>> = {
  skipIfParentFailed: SKIPPED,
  requireAllParents: ERR,
  receiveErrors: undefined,
};

const NO_BYTES = new Uint8Array();
const NO_COUNTS = new Uint32Array();

/**
 * The knots of one run in columns: states, counters along edges, and values still needed (S7). Keeps the columns
 * consistent; the scheduler decides what happens next. Only `move` changes states, as it keeps the tally.
 */
export class KnotTable<V> {
  layout: Layout;
  states = NO_BYTES;
  unsettledParents = NO_COUNTS;
  /** Marks of the settled parents: `PARENT_ERR` and `PARENT_SKIPPED`. */
  marks = NO_BYTES;
  private unsettledChildren = NO_COUNTS;
  private isTerminal = NO_BYTES;
  private isOptional = NO_BYTES;
  private waits = NO_BYTES;
  /** Tags of paths of branches. */
  private readonly tags: (string | undefined)[] = [];
  /** States of knots with a parent that is not Ok. */
  private readonly fates: (typeof ERR | typeof SKIPPED | undefined)[] = [];
  private readonly values: (V | undefined)[] = [];
  /** Tags that branches chose. The tags are not saved, as paths are settled with their branch. */
  private readonly choices = new Map<number, string>();
  private readonly tally = [0, 0, 0, 0, 0];
  /** Running knots that wait for a signal or a time. */
  waitsRunning = 0;

  constructor(layout: Layout) {
    this.layout = layout;
    this.append(layout);
  }

  get running(): number {
    return this.tally[RUNNING]!;
  }

  get isOver(): boolean {
    return this.tally[WAITING] === 0 && this.tally[RUNNING] === 0;
  }

  get counts(): SchedulerCounts {
    const [waiting, ok, err, skipped, running] = this.tally as [number, number, number, number, number];
    return { ok, err, skipped, running, waiting, total: this.layout.size };
  }

  value(knot: number): V | undefined {
    return this.values[knot];
  }

  outcomeKind(knot: number): OutcomeKind | undefined {
    return KINDS[this.states[knot]!];
  }

  /** A wait takes no activity. */
  isWait(knot: number): boolean {
    return this.waits[knot] === 1;
  }

  skipDetail(knot: number): { anyErr: boolean; anySkipped: boolean } {
    const marks = this.marks[knot]!;
    return { anyErr: (marks & PARENT_ERR) !== 0, anySkipped: (marks & PARENT_SKIPPED) !== 0 };
  }

  /** Waiting knots whose parents are all settled, ascending. */
  decidable(): number[] {
    const knots: number[] = [];
    for (let knot = 0; knot < this.layout.size; knot++) {
      if (this.states[knot] === WAITING && this.unsettledParents[knot] === 0) knots.push(knot);
    }
    return knots;
  }

  hasParentIn(knots: ReadonlySet<number>, knot: number): boolean {
    if (knots.size === 0) return false;
    const { parents, parentStart } = this.layout;
    return parents.subarray(parentStart[knot], parentStart[knot + 1]).some((parent) => knots.has(parent));
  }

  /** Whether the knot may run although a parent failed. */
  takesFailures(knot: number): boolean {
    return this.fates[knot] === undefined;
  }

  /** The knot's state by its settled parents alone; undefined if it runs. */
  fate(knot: number): Settled | undefined {
    if (this.marks[knot] !== 0) return this.fates[knot];
    const tag = this.tags[knot];
    if (tag === undefined) return undefined;
    return this.choices.get(branchOf(this.layout, knot)!) === tag ? OK : SKIPPED;
  }

  /** Whether the knot is a path that its branch decides. */
  isSelectable(knot: number): boolean {
    return this.tags[knot] !== undefined && this.marks[knot] === 0;
  }

  move(knot: number, state: number): void {
    const before = this.states[knot]!;
    if (this.waits[knot] === 1) this.waitsRunning += Number(state === RUNNING) - Number(before === RUNNING);
    this.tally[before]! -= 1;
    this.tally[state]! += 1;
    this.states[knot] = state;
  }

  /** To be called before the knot is moved. */
  keep(knot: number, { value, choice }: Extract<KnotOutcome<V>, { kind: 'ok' }>): void {
    this.values[knot] = value;
    if (choice !== undefined) this.choices.set(knot, choice);
  }

  /** A path has the value of its input, which is also its branch's input. */
  passValue(path: number): void {
    const { parents, parentStart } = this.layout;
    this.values[path] = this.values[parents[parentStart[path]! + 1]!];
  }

  /** Updates the parents of a settled knot, and releases values that are no longer needed. */
  leaveParents(knot: number): void {
    const { parentStart, parents } = this.layout;
    for (let edge = parentStart[knot]!; edge < parentStart[knot + 1]!; edge++) {
      const parent = parents[edge]!;
      this.unsettledChildren[parent]! -= 1;
      this.releaseValue(parent);
    }
    this.releaseValue(knot);
  }

  /** The knot's mark on its children; none unless the knot is settled. */
  markOf(knot: number): number {
    const state = this.states[knot]!;
    return state === ERR && this.isOptional[knot] === 1 ? PARENT_SKIPPED : MARKS[state]!;
  }

  /** Makes knots Ok before anything is counted, and counts then. */
  takeOver(known: Iterable<readonly [knot: number, value: V]>): void {
    for (const [knot, value] of known) {
      this.values[knot] = value;
      this.move(knot, OK);
    }
    this.countSettled();
    for (let knot = 0; knot < this.layout.size; knot++) this.releaseValue(knot);
  }

  /** Adds the knots of `layout` after the existing ones. */
  extend(layout: Layout, recall: (knot: number) => V): void {
    const { size: first, parameterCount } = this.layout;
    if (layout.size < first || layout.parameterCount !== parameterCount)
      throw new Error('The extended layout does not begin with the present one.');
    this.append(layout);
    const recallValue = (knot: number): void => {
      if (this.states[knot] === OK) this.values[knot] ??= recall(knot);
    };
    layout.parents.subarray(layout.parentStart[first]).forEach(recallValue);
    layout.terminals.forEach(recallValue);
  }

  saveOutcomes(): string {
    return packCodes(this.layout.size, (knot) =>
      this.states[knot] === RUNNING ? WAITING : this.states[knot]!,
    );
  }

  /** Returns whether the outcomes fit the number of knots. */
  loadOutcomes(outcomes: string): boolean {
    const { size } = this.layout;
    const states = unpackCodes(outcomes, size);
    if (!states) return false;
    for (let knot = 0; knot < size; knot++) this.move(knot, states[knot]!);
    this.countSettled();
    return true;
  }

  /** In knot order. */
  saveValues(): V[] {
    return this.knotsWithValue().map((knot) => this.values[knot] as V);
  }

  /** Returns the number of needed values. */
  loadValues(values: readonly V[]): number {
    const knots = this.knotsWithValue();
    knots.forEach((knot, place) => (this.values[knot] = values[place]));
    return knots.length;
  }

  private append(layout: Layout): void {
    const first = this.states.length;
    const { size, parentStart, parents, policy, policies } = layout;
    this.layout = layout;
    this.states = grown(this.states, new Uint8Array(size));
    this.unsettledParents = grown(this.unsettledParents, new Uint32Array(size));
    this.unsettledChildren = grown(this.unsettledChildren, new Uint32Array(size));
    this.marks = grown(this.marks, new Uint8Array(size));
    this.isTerminal = grown(this.isTerminal, new Uint8Array(size));
    this.isOptional = grown(this.isOptional, new Uint8Array(size));
    this.waits = grown(this.waits, new Uint8Array(size));
    this.tally[WAITING]! += size - first;
    for (let knot = first; knot < size; knot++) {
      const { path, errorPolicy = 'skipIfParentFailed', optional, wait } = policies[policy[knot]!]!;
      this.values.push(undefined);
      this.tags.push(path);
      this.fates.push(FATES[errorPolicy]);
      if (optional) this.isOptional[knot] = 1;
      if (wait) this.waits[knot] = 1;
      for (let edge = parentStart[knot]!; edge < parentStart[knot + 1]!; edge++) {
        const parent = parents[edge]!;
        this.unsettledChildren[parent]! += 1;
        this.marks[knot]! |= this.markOf(parent);
        if (this.outcomeKind(parent) === undefined) this.unsettledParents[knot]! += 1;
      }
    }
    for (const knot of layout.terminals) this.isTerminal[knot] = 1;
  }

  /** Computes the counters along edges from the outcomes. */
  private countSettled(): void {
    const { size, parentStart, parents } = this.layout;
    for (let knot = 0; knot < size; knot++) {
      for (let edge = parentStart[knot]!; edge < parentStart[knot + 1]!; edge++) {
        const parent = parents[edge]!;
        this.marks[knot]! |= this.markOf(parent);
        if (this.states[parent] !== WAITING) this.unsettledParents[knot]! -= 1;
        if (this.states[knot] !== WAITING) this.unsettledChildren[parent]! -= 1;
      }
    }
  }

  private releaseValue(knot: number): void {
    if (!this.isValueNeeded(knot)) this.values[knot] = undefined;
  }

  private isValueNeeded(knot: number): boolean {
    return this.states[knot] === OK && (this.isTerminal[knot] === 1 || this.unsettledChildren[knot]! > 0);
  }

  private knotsWithValue(): number[] {
    const knots: number[] = [];
    for (let knot = 0; knot < this.layout.size; knot++) if (this.isValueNeeded(knot)) knots.push(knot);
    return knots;
  }
}

function grown<A extends Uint8Array | Uint32Array>(column: A, larger: A): A {
  if (column.length > 0) larger.set(column);
  return larger;
}
