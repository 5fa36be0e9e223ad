import { isNesting, type PlanKnot } from '../../engine';
import { describeError, nestedRunOf, retryDelay, type ChildRunRef, type NestedRun } from '../../execution';
import type { Pending, Task } from './activity';
import type { Attempt, PlacedKnot, Surroundings } from './attempt';
import type { RunBodies } from './bodies';
import { MapExpansion, NestedExpansion } from './expansion';
import { Ledger } from './ledger';
import { HASHING, failedRecord } from './real-bodies';
import type { ReferenceOutcome } from './reference-interpreter';
import { UNDISTURBED, type Schedule } from './schedule';
import { SegmentAttempt } from './segment-attempt';
import type { FailedRecord, KnotRecord, Value } from './store';
import type { Subject } from './subject';
import { elementUnit, isElement, knotOfUnit } from './units';
import { Violation } from './violation';
import { SimulatedWorkflow } from './workflow';
import type { World } from './world';

/** What one simulated run came to. */
export interface RunEnd {
  /** With all that it was extended by. */
  readonly subject: Subject;
  /** Before the names of its knots. */
  readonly address: string;
  /** By knot: as the workflow has it. */
  readonly outcomes: readonly ReferenceOutcome[];
  /** By knot: as recorded. */
  readonly records: readonly KnotRecord[];
  /** By map: the records of its elements; undefined of those that were not run. */
  readonly elements: ReadonlyMap<number, readonly (KnotRecord | undefined)[]>;
  /** By knot that runs a tapestry: its runs, and what it made of them. */
  readonly children: ReadonlyMap<number, readonly { readonly end: RunEnd; readonly run: NestedRun }[]>;
  readonly wasCancelled: boolean;
  /** Knots and elements whose bodies the schedule lets fail. */
  readonly failing: ReadonlySet<number>;
}

/** A run of the real scheduler, with the records of its own that all that is done for it must agree with. */
export class SimulatedRun implements Surroundings {
  readonly workflow: SimulatedWorkflow;
  private readonly ledger: Ledger;
  /** By map. */
  private readonly elementCounts = new Map<number, number>();
  private readonly children = new Map<number, SimulatedRun[]>();
  private readonly failing = new Set<number>();
  private size: number;
  private isSettled = false;
  /** Of a run that a knot has started. */
  private starter: NestedExpansion | undefined;

  constructor(
    readonly world: World,
    subject: Subject,
    private readonly address: string,
    readonly bodies: RunBodies,
    schedule: Pick<Schedule, 'window' | 'segments' | 'takenOver'>,
  ) {
    this.size = subject.size;
    this.ledger = new Ledger((unit) => this.nameOf(unit), world.parts.createStore());
    this.workflow = new SimulatedWorkflow(subject, schedule, world.parts, {
      schedule: (task) => this.schedule(task),
      cancel: (pending) => world.cancel(pending),
      recordUnrun: (knot, record) => void this.ledger.insert(knot, record, undefined, world.steps),
      settle: () => world.push({ step: 'settle', run: this }),
    });
    bodies.parameters.forEach((value, knot) => this.give(knot, value));
    world.grow(subject.size, this);
    world.push({ step: 'start', run: this });
  }

  get subject(): Subject {
    return this.workflow.subject;
  }

  /** Of a knot or an element, as schedules and messages name it. */
  nameOf(unit: number): string {
    return this.address + this.subject.nameOf(unit);
  }

  /** These knots are Ok from the start. */
  takeOver(knots: readonly number[]): void {
    for (const knot of knots) this.give(knot, `of another run: ${knot}`);
  }

  start(): void {
    this.workflow.start(this.bodies.parameters);
  }

  settle(): void {
    this.settleUnrun(this.subject.size);
    this.isSettled = true;
    this.starter?.ended(this.nestedRun());
  }

  /** Writes the records of the knots that no activity records, of the first `count` knots. */
  settleUnrun(count: number): void {
    for (let knot = 0; knot < count; knot++) {
      const record = this.workflow.unrunRecord(knot);
      if (record) this.ledger.insert(knot, record, undefined, this.world.steps);
    }
  }

  /** Starts a run for one of its knots. */
  nest(starter: NestedExpansion, number: number, bodies: RunBodies): SimulatedRun {
    const { knot } = starter;
    const { window, segments } = this.world.script;
    const address = `${this.nameOf(knot)}#${number}/`;
    const schedule = { window, segments, takenOver: UNDISTURBED.takenOver };
    const child = new SimulatedRun(this.world, this.subject.nestedOf(knot), address, bodies, schedule);
    child.starter = starter;
    this.children.set(knot, [...(this.children.get(knot) ?? []), child]);
    return child;
  }

  waits(unit: number): boolean {
    return !isElement(unit) && this.subject.waits(unit) && !this.bodies.isReplaced(this.subject, unit);
  }

  /** Throws a {@link Violation} where the run contradicts itself, or has not ended. */
  checkAtEnd(): void {
    const { subject, workflow, ledger } = this;
    if (!this.isSettled) {
      const name = this.nameOf(Math.max(0, workflow.outcomes.indexOf(undefined)));
      throw new Violation(
        'never ends',
        `Nothing is left to be done, and knot "${name}" is not settled`,
        name,
      );
    }
    workflow.checkAtEnd();
    workflow.outcomes.forEach((outcome, knot) => ledger.checkAtEnd(knot, outcome!, workflow.isCancelled));
    for (const [map, count] of this.elementCounts) {
      for (let position = 0; position < count; position++) ledger.checkElement(elementUnit(map, position));
    }
    for (const knot of subject.layout.terminals) {
      const slot = workflow.value(knot);
      if (slot !== null && slot !== undefined) ledger.requireRecorded(knot, slot);
    }
  }

  end(): RunEnd {
    const { subject, workflow, ledger, address, failing } = this;
    const outcomes = workflow.outcomes as readonly ReferenceOutcome[];
    return {
      subject,
      address,
      outcomes,
      records: outcomes.map((_, knot) => ledger.find(knot)!),
      elements: new Map(
        [...this.elementCounts].map(([map, count]) => [
          map,
          Array.from({ length: count }, (__, position) => ledger.find(elementUnit(map, position))),
        ]),
      ),
      children: new Map(
        [...this.children].map(([knot, runs]) => [
          knot,
          runs.map((run) => ({ end: run.end(), run: run.nestedRun() })),
        ]),
      ),
      wasCancelled: workflow.isCancelled,
      failing,
    };
  }

  // What attempts ask for.

  lookUp(unit: number): KnotRecord | undefined {
    return this.ledger.lookUp(unit);
  }

  callBody(attempt: Attempt, unit: number, number: number): void {
    this.ledger.requireMayRun(attempt, unit);
    const { policy } = this.subject.planKnot(knotOfUnit(unit));
    if (!policy.cache && !policy.maxConcurrent) return this.callNow(attempt, unit, number);
    const call = (): void => this.callNow(attempt, unit, number);
    if (isElement(unit) || !policy.cache) return this.inLine(attempt, unit, policy, call);
    const key = this.bodies.cacheKeyOf(this.placedIn(attempt, unit));
    if (key === undefined) return this.inLine(attempt, unit, policy, call);
    if (this.takeMade(attempt, unit, key)) return;
    // A segment does not wait for others.
    if (attempt instanceof SegmentAttempt) return call();
    this.enter(attempt, unit, `cache:${key}`, 1, () => {
      if (!this.takeMade(attempt, unit, key)) this.inLine(attempt, unit, policy, call);
    });
  }

  commit(attempt: Attempt, unit: number, record: KnotRecord): void {
    this.world.push({ step: record.outcome === 'ok' ? 'put' : 'record', attempt, knot: unit, record });
  }

  answer(attempt: Attempt): void {
    this.world.push({ step: attempt.activity.isGroup ? 'answerSegment' : 'answer', attempt });
  }

  refuse(attempt: Attempt): void {
    this.world.refuse(attempt);
  }

  retryDelay(unit: number, throws: number, error: unknown): number | undefined {
    return retryDelay(this.subject.retryOf(unit), throws, error);
  }

  errorRecord(unit: number, error: unknown): KnotRecord {
    const where = { runId: '', knotId: this.nameOf(unit), attempt: 1 };
    return failedRecord(describeError(error, where, HASHING).record);
  }

  elementsOf(attempt: Attempt, map: number): readonly number[] {
    return this.elements(map, this.placedIn(attempt, map));
  }

  // What is done with the records.

  /** The elements of a map that goes by itself. */
  elementsOfTask(task: Task): readonly number[] {
    return this.elements(task.knots[0]!, this.placed(task));
  }

  /** The knot of a task, with what its parents came to. */
  placed({ knots, parents }: Task): PlacedKnot {
    const knot = knots[0]!;
    const told = (parent: number): Value => this.ledger.valueOf(parent, parents.get(parent));
    return { subject: this.subject, knot, inputs: this.subject.parentsOf[knot]!.map(told) };
  }

  put(record: KnotRecord): void {
    if (record.outcome === 'ok') this.ledger.put(record.value);
  }

  /** Answers the record that stands. */
  record(attempt: Attempt, unit: number, record: KnotRecord): KnotRecord {
    const standing = this.ledger.insert(unit, record, attempt, this.world.steps);
    if (isElement(unit)) return standing;
    this.recordPaths(unit, standing);
    if (standing.outcome === 'ok' && !standing.extension && this.subject.planKnot(unit).policy.cache) {
      const key = this.bodies.cacheKeyOf(this.placedIn(attempt, unit));
      if (key !== undefined && !this.world.made.has(key)) this.world.made.set(key, standing.value);
    }
    return standing;
  }

  private give(knot: number, value: Value): void {
    this.ledger.put(value);
    this.ledger.insert(knot, { outcome: 'ok', value }, undefined, 0);
  }

  private schedule(task: Task): Pending {
    const { world, subject } = this;
    if (this.size < subject.size) {
      world.grow(subject.size - this.size);
      this.size = subject.size;
    }
    const knot = task.knots[0]!;
    if (task.kind !== 'knot') return world.schedule(this, task, this.workflow);
    let expansion: MapExpansion | NestedExpansion | undefined;
    if (subject.mapOf(knot)) expansion = new MapExpansion(this, task);
    else if (isNesting(subject.nodeOf(knot)) && !this.bodies.isReplaced(subject, knot))
      expansion = new NestedExpansion(this, task);
    if (!expansion) return world.schedule(this, task, this.workflow);
    world.push({ step: 'expand', expansion });
    return expansion;
  }

  /** Takes what another knot has made of the same; answers whether there was something. */
  private takeMade(attempt: Attempt, unit: number, key: string): boolean {
    const value = this.world.made.get(key);
    if (value === undefined) return false;
    this.commit(attempt, unit, { outcome: 'ok', value, reused: true });
    return true;
  }

  /** Calls when the limits of the knot have a place for it. Its turn under a rate comes at once: time is simulated. */
  private inLine(
    attempt: Attempt,
    unit: number,
    { maxConcurrent }: PlanKnot['policy'],
    call: () => void,
  ): void {
    if (!maxConcurrent || this.isMap(unit)) call();
    else this.enter(attempt, unit, `limit:${maxConcurrent.key}`, maxConcurrent.limit, call);
  }

  private enter(attempt: Attempt, unit: number, key: string, limit: number, go: () => void): void {
    this.world.lines.enter(key, limit, { attempt, knot: unit, owner: this.nameOf(unit), go });
  }

  private callNow(attempt: Attempt, unit: number, number: number): void {
    const { nested } = attempt.activity.task;
    const isFailing = this.isFailing(unit);
    if (isFailing) this.failing.add(unit);
    const { subject, inputs } = this.placedIn(attempt, unit);
    const elements = this.isMap(unit) ? this.elementRecords(unit) : undefined;
    this.world.callBody(attempt, { subject, knot: unit, inputs, number, isFailing, elements, nested });
  }

  private isMap(unit: number): boolean {
    return !isElement(unit) && this.subject.mapOf(unit) !== undefined;
  }

  private isFailing(unit: number): boolean {
    const { failing } = this.world.script;
    return failing.length > 0 && failing.includes(this.world.placeOf(this, unit));
  }

  private elements(map: number, placed: PlacedKnot): readonly number[] {
    const count = this.elementCounts.get(map) ?? this.bodies.countOf(placed);
    if (!this.elementCounts.has(map)) {
      this.elementCounts.set(map, count);
      this.world.grow(count);
    }
    return Array.from({ length: count }, (_, position) => elementUnit(map, position));
  }

  private elementRecords(map: number): readonly KnotRecord[] {
    const count = this.elementCounts.get(map)!;
    return Array.from({ length: count }, (_, position) => this.ledger.require(elementUnit(map, position)));
  }

  /** Those of a branch are recorded with it. */
  private recordPaths(branch: number, record: KnotRecord): void {
    if (record.outcome !== 'ok' || record.choice === undefined) return;
    for (const path of this.subject.pathsOf(branch)) {
      const input = this.ledger.valueOf(this.subject.parentsOf[path]![1]!, undefined);
      const outcome: KnotRecord =
        this.subject.tagOf(path) === record.choice
          ? { outcome: 'ok', value: input }
          : { outcome: 'skipped', reason: 'branch_not_selected' };
      this.ledger.insert(path, outcome, undefined, this.world.steps);
    }
  }

  /** A knot, or an element of a map, with what its parents came to as an attempt gets it. */
  private placedIn(attempt: Attempt, unit: number): PlacedKnot {
    const { subject } = this;
    const knot = knotOfUnit(unit);
    const receives = subject.receives(knot);
    const inputs = subject.parentsOf[knot]!.map((parent) => this.inputFor(attempt, parent, receives));
    return { subject, knot: unit, inputs };
  }

  private inputFor(attempt: Attempt, parent: number, receives: boolean): Value | FailedRecord {
    const isInSegment = attempt instanceof SegmentAttempt;
    const told = isInSegment ? attempt.slotOf(parent) : attempt.activity.task.parents.get(parent);
    const failed = receives && (isInSegment ? attempt.failedParent(parent) : this.failedParent(parent, told));
    return failed || this.ledger.valueOf(parent, told);
  }

  private failedParent(parent: number, told: Value | null | undefined): FailedRecord | undefined {
    return told === null || told === undefined ? this.ledger.failedParent(parent) : undefined;
  }

  /** As the knot that has started it reads it: from its records. */
  private nestedRun(): NestedRun {
    const { plan, layout } = this.subject;
    const id = `simulated/${this.address.slice(0, -1)}`;
    const ref: ChildRunRef = { run_id: id, temporal_run_id: id };
    const settled = layout.ids.map((_, knot) => {
      const record = this.ledger.require(knot);
      if (record.outcome === 'err') return { kind: 'err', error: record } as const;
      return record.outcome === 'ok'
        ? ({ kind: 'ok', value: record.value } as const)
        : ({ kind: 'skipped' } as const);
    });
    return nestedRunOf<Value>(ref, plan, layout, settled, (value) => value);
  }
}
