import { setMaxListeners } from 'node:events';
import {
  Scheduler,
  isOwnSkip,
  packEnds,
  requiredParentsFailure,
  uniqueParents,
  type Envelope,
  type KnotOutcome,
  type MemberEnd,
  type OutcomeKind,
  type OwnSkipReason,
  type PlanKnot,
  type SkipReason,
  DEFAULT_CANCEL_GRACE_MS,
  RETRY_WAIT_MS,
} from '../engine';
import { SelvageError, messageText } from '../errors';
import {
  assembleInputs,
  cacheKeyOf,
  describeError,
  envelopeOf,
  failedOutcomeOf,
  lineageRecord,
  mapElements,
  needsNoInputs,
  outcomeOfResult,
  pathRecords,
  receivedOutcome,
  retryDelay,
  reusedRecord,
  skipDetail,
  startTimer,
  unrunError,
  waitUnlessStopped,
  withPassedOver,
  type CachedValue,
  type EncodedValue,
  type Execution,
  type Failed,
  type KnotOutcomeToRecord,
  type LoadedPlan,
  type OutcomeToRecord,
  type ParentOutcomes,
  type PassedOver,
} from '../execution';
import { envelopeOfRecord } from '../interceptors/activity/adopt';
import { recordsOf, referenceOf } from '../interceptors/activity/parents';
import { PromiseHost } from '../local/promise-host';
import type { DefinitionRecord } from '../model/records';
import type { ExceptionRecord, LineageRecord, StoredValue } from '../protocols';
import type { GivenBack, KnotFailure, SegmentAnswer } from '../workflows/messages';
import { commitPatiently, isBackendTrouble } from './backend-trouble';
import { executionInActivity } from './execution-in-activity';
import type { SegmentAttempt } from './knot-attempt';
import { isFailureOfMap } from './map-failures';
import { observedCall, type CallPlace } from './observed-call';
import { presentBody } from './present-body';
import type { SegmentSurroundings } from './segment-context';
import { segmentGraph, type SegmentGraph } from './segment-graph';
import { SegmentMap } from './segment-map';
import { SegmentValues, valueOfEnvelope } from './segment-values';
import { isUnreadable } from './worker-elements';
import type { WorkerEnvironment } from './worker-environment';

const ANSWER_VALUE_BYTES = 64 * 1024;
const LISTED_FAILURES = 20;
const MESSAGE_LENGTH = 500;

/**
 * One attempt at a segment: the reducer that schedules runs, over the knots of the segment alone, with their bodies as
 * promises.
 *
 * G1  A knot's body is called when the records of all its parents are durable, but for those that did not run, which are
 *     decided alike and recorded by the interpreter when the segment has ended; and its own record is written before its
 *     children start: a segment is a group of durable knots, not one durable step.
 * G2  What has a record is adopted and its body not called: an attempt after the first asks for all of them before it starts.
 * G3  After a lost worker nothing is run. Who was running then has no record and all its parents have one; these go by
 *     themselves from then on, so that a body that kills its worker is counted by itself and takes nothing else down.
 * G4  The answer is what the records say. What has none is given back, and the interpreter decides on it.
 */
export class SegmentRun {
  private readonly graph: SegmentGraph;
  private readonly scheduler: Scheduler<EncodedValue>;
  private readonly host: PromiseHost<EncodedValue>;
  private readonly values: SegmentValues;
  private readonly surroundings: SegmentSurroundings;
  /** Aborts the bodies. One for all: any number of them may listen. */
  private readonly stop = new AbortController();
  private readonly begun = performance.now();
  /** By knot id. */
  private recorded: ReadonlyMap<string, LineageRecord> = new Map();
  /** Indexes in the layout of the knots that go by themselves from now on. */
  private readonly alone = new Set<number>();
  /** By index in the layout: members without a value, for those that receive outcomes. */
  private readonly failed = new Map<number, Failed>();
  /** By id: what branches have chosen, and why members are skipped by what their function said. */
  private readonly choices = new Map<string, string>();
  private readonly ownSkips = new Map<string, OwnSkipReason>();
  /** Ids of the members and of other paths: among these are all paths in the run of branches that are members. */
  private readonly paths: ReadonlySet<string>;
  private readonly parents: ParentOutcomes = {
    valueOf: (parent) => this.valueOf(parent)!,
    kindOf: (parent) => {
      const failed = this.failed.get(this.graph.layoutIndex.get(parent)!);
      return failed ? receivedOutcome(this.plan.plan.knots[parent]!, failed).kind : 'ok';
    },
  };
  /** Indexes in the layout of the members that failed for their parents: decided again, and recorded, by the interpreter. */
  private readonly unrun = new Set<number>();
  private readonly givenBack = new Map<string, GivenBack>();
  private readonly failures: KnotFailure[] = [];
  private readonly running = new Set<number>();
  private valueBytes = 0;
  private isHeld = false;
  /** Nothing may be committed any more. */
  private isOver = false;
  /** What makes the whole attempt be tried again. */
  private refusal: Error | undefined;
  private endNow!: () => void;
  private readonly onCancel = (): void => this.cancel();
  private settledCount = 0;

  constructor(
    private readonly environment: WorkerEnvironment,
    private attempt: SegmentAttempt,
    private readonly plan: LoadedPlan,
  ) {
    this.graph = segmentGraph(plan, attempt.task);
    this.paths = new Set([...attempt.task.knots, ...(attempt.task.paths ?? [])]);
    const { layout } = this.graph;
    // After a lost worker the scheduler only tells who may have been running: it must get to all of them.
    const window = attempt.lost > 0 ? Math.max(1, layout.size) : environment.segmentLimits.concurrency;
    this.scheduler = new Scheduler<EncodedValue>(layout, { window });
    this.host = new PromiseHost(this.scheduler, {
      run: (knot) => this.runKnot(knot),
      skip: (knot, reason) => this.noteSkipped(knot, reason),
      fail: (knot) => this.noteFailed(knot),
    });
    this.values = new SegmentValues(environment.backends.dataStore, environment.recentValues);
    this.surroundings = {
      plan,
      runId: attempt.task.runId,
      recordRun: attempt.task.recordRun,
      ownLogger: environment.logger,
      log: attempt.context.log,
      resources: environment.resources,
      dataStore: environment.backends.dataStore,
      handedOn: new Map(),
    };
    setMaxListeners(0, this.stop.signal);
  }

  /** Rejects only where the attempt is to be tried again. */
  async execute(): Promise<SegmentAnswer> {
    const { task } = this.attempt;
    if (this.attempt.number > 1 || task.mayBeRecorded) {
      const { runHistory } = this.environment.backends;
      const records = await runHistory.getRecords(task.recordRun, task.knots);
      this.recorded = new Map(records.map((record) => [record.knot_id, record]));
    }
    const outside = await this.outsideValues();
    const ended = new Promise<void>((resolve) => (this.endNow = resolve));
    this.heedCancel();
    try {
      await Promise.race([this.host.run(outside), ended]);
    } finally {
      this.isOver = true;
      this.ignoreCancel();
    }
    if (this.refusal) throw this.refusal;
    return await this.answer();
  }

  /** How many of its knots have been committed. */
  get settled(): number {
    return this.settledCount;
  }

  /** Goes on as this attempt, which tells it to stop from now on. */
  follow(attempt: SegmentAttempt): void {
    if (this.isOver) return;
    this.ignoreCancel();
    this.attempt = attempt;
    this.heedCancel();
  }

  /** Aborts the bodies and starts nothing more; what ends in their grace is committed. */
  stopWith(reason: Error): void {
    this.hold();
    let grace = 0;
    for (const index of this.running)
      grace = Math.max(grace, this.graph.planKnots[index]!.policy.cancelGrace ?? DEFAULT_CANCEL_GRACE_MS);
    this.stop.abort(reason);
    const stopTimer = startTimer(grace, this.endNow);
    void this.host.ended.finally(stopTimer).catch(() => undefined);
  }

  private heedCancel(): void {
    const { cancellationSignal } = this.attempt.context;
    if (cancellationSignal.aborted) this.cancel();
    else cancellationSignal.addEventListener('abort', this.onCancel, { once: true });
  }

  private ignoreCancel(): void {
    this.attempt.context.cancellationSignal.removeEventListener('abort', this.onCancel);
  }

  private async outsideValues(): Promise<EncodedValue[]> {
    const { layout, firstMember } = this.graph;
    const { parents } = this.attempt.task;
    const ids = layout.ids.slice(0, firstMember);
    const unsaid = ids.filter((id) => !Object.hasOwn(parents, id));
    const { runId, recordRun } = this.surroundings;
    const { runHistory } = this.environment.backends;
    const records =
      unsaid.length > 0
        ? await recordsOf(runHistory, runId, recordRun, unsaid)
        : new Map<string, LineageRecord>();
    return ids.map((id) =>
      Object.hasOwn(parents, id)
        ? valueOfEnvelope(parents[id]!, this.environment.digest)
        : referenceOf(records.get(id), id),
    );
  }

  private noteSkipped(index: number, reason: SkipReason): Promise<void> {
    const isOfParents = reason === 'parent_failed_or_skipped';
    const which = this.scheduler.skipDetail(index);
    const detail = isOfParents ? skipDetail(this.plan, this.graph.planKnots[index]!, which) : undefined;
    this.failed.set(index, { kind: 'skipped', reason, ...(detail && { detail }) });
    return Promise.resolve();
  }

  private noteFailed(index: number): Promise<void> {
    const kinds = (parent: number): OutcomeKind | undefined => this.scheduler.outcomeKind(parent);
    const failure = requiredParentsFailure(this.graph.layout, index, kinds);
    const error = unrunError(this.surroundings.runId, failure, this.environment.sha256);
    this.failed.set(index, { kind: 'err', error });
    this.unrun.add(index);
    return Promise.resolve();
  }

  private async runKnot(index: number): Promise<KnotOutcome<EncodedValue> | undefined> {
    const knot = this.graph.planKnots[index]!;
    const recorded = this.recorded.get(knot.id);
    if (recorded) return await this.adoptWithPaths(index, recorded);
    const { taskQueue } = this.attempt.context.info;
    // What this worker refuses to run waits in an activity of its own, which says why.
    const { definition } = presentBody(this.environment, this.plan, knot, taskQueue);
    if (this.attempt.lost > 0 || !definition) {
      this.alone.add(index);
      return undefined;
    }
    if (this.isHeld) return undefined;
    this.running.add(index);
    try {
      return knot.policy.node === 'map'
        ? await this.runMap(index, knot, definition)
        : await this.tryKnot(index, knot, definition);
    } catch (error) {
      this.refuse(error);
      return undefined;
    } finally {
      this.running.delete(index);
    }
  }

  /** Rejects only where the whole attempt is to be refused. */
  private async tryKnot(
    index: number,
    knot: PlanKnot,
    definition: DefinitionRecord,
  ): Promise<KnotOutcome<EncodedValue> | undefined> {
    const startedAt = Date.now();
    const key = this.keyOf(knot, definition);
    const found = key === undefined ? undefined : await this.findMade(knot, key);
    // A cancel may have come meanwhile.
    if (this.isOver || this.isStopped()) return undefined;
    if (found?.record) return await this.takeOver(index, knot, found.record);
    let waited = 0;
    for (let throws = 0; ;) {
      const number = this.attempt.number + throws;
      let outcome: OutcomeToRecord;
      let values: readonly StoredValue[];
      try {
        const result = needsNoInputs(knot) ? undefined : await this.observed(knot, definition, number);
        ({ outcome, values } = outcomeOfResult(
          this.plan,
          knot,
          result,
          this.parents,
          this.environment.digest,
        ));
      } catch (error) {
        if (this.isOver || this.isStopped()) return undefined;
        if (isBackendTrouble(error)) throw error;
        if (isUnreadable(error)) return this.giveBack(index, {});
        throws += 1;
        const delay = retryDelay(knot.policy.retry, throws, error);
        if (delay !== undefined) {
          if (waited + delay > RETRY_WAIT_MS || this.isHeld)
            return this.giveBack(index, { throws, after: delay });
          waited += delay;
          await waitUnlessStopped(delay, this.stop.signal);
          if (this.isStopped()) return undefined;
          continue;
        }
        const where = { runId: this.surroundings.runId, knotId: knot.id, attempt: number };
        const described = describeError(error, where, this.environment);
        outcome = { kind: 'err', error: described.record };
        values = described.values;
      }
      if (this.isOver) return undefined;
      const reuse = { key, passedOver: found?.passedOver };
      return await this.commit(index, knot, definition, outcome, values, number, startedAt, reuse);
    }
  }

  /** Rejects only where the whole attempt is to be refused. */
  private async runMap(
    index: number,
    map: PlanKnot,
    definition: DefinitionRecord,
  ): Promise<KnotOutcome<EncodedValue> | undefined> {
    const startedAt = Date.now();
    const { number, task } = this.attempt;
    let end: KnotOutcomeToRecord | undefined;
    try {
      const run = await this.segmentMap(map, definition);
      end = await run.run(number > 1 || task.mayBeRecorded === true);
      if (!end && run.givenBack.length > 0) return this.giveBack(index, { elements: run.givenBack });
    } catch (error) {
      if (isUnreadable(error)) return this.giveBack(index, {});
      if (!isFailureOfMap(error)) throw error;
      const where = { runId: this.surroundings.runId, knotId: map.id, attempt: number };
      const { record, values } = describeError(error, where, this.environment);
      end = { outcome: { kind: 'err', error: record }, values };
    }
    if (!end || this.isOver) return undefined;
    return await this.commit(index, map, definition, end.outcome, end.values, number, startedAt);
  }

  private async segmentMap(map: PlanKnot, definition: DefinitionRecord): Promise<SegmentMap> {
    const parents = uniqueParents(map).map((parent) => this.valueOf(parent)!);
    const missing = this.values.missing(parents);
    const read = missing && (await this.values.read(missing, map.id));
    const elements = mapElements(this.plan, map, (parent) =>
      this.values.encoded(this.valueOf(parent)!, read),
    );
    const shared = {
      sharedId: (parent: number) => this.valueOf(parent)!,
      sharedValue: (parent: number) => this.values.fresh(this.valueOf(parent)!, read),
    };
    return new SegmentMap(this.plan, map, definition, elements, shared, {
      call: () => this.callPlace,
      execution: (attempt, startedAt, finishedAt) => this.execution(attempt, startedAt, finishedAt),
      mayReuse: this.attempt.task.reuse !== false,
      isHeld: () => this.isHeld,
      isOver: () => this.isOver,
      committed: () => this.countCommit(0),
    });
  }

  private giveBack(index: number, how: GivenBack): undefined {
    this.alone.add(index);
    this.givenBack.set(this.graph.planKnots[index]!.id, how);
    return undefined;
  }

  private async observed(knot: PlanKnot, definition: DefinitionRecord, number: number): Promise<unknown> {
    return await observedCall(this.callPlace, knot, definition, number, () =>
      this.inputsOf(knot, definition),
    );
  }

  private get callPlace(): CallPlace {
    const { environment, surroundings, attempt } = this;
    return { environment, surroundings, attempt, stop: this.stop.signal };
  }

  private async inputsOf(knot: PlanKnot, { receives }: DefinitionRecord): Promise<Record<string, unknown>> {
    const parents: EncodedValue[] = [];
    for (const name in knot.inputs) {
      const input = knot.inputs[name]!;
      const value = 'parent' in input ? this.valueOf(input.parent) : undefined;
      if (value) parents.push(value);
    }
    const missing = this.values.missing(parents);
    const read = missing && (await this.values.read(missing, knot.id));
    const valueFrom = (parent: number): unknown => this.values.fresh(this.valueOf(parent)!, read);
    return assembleInputs(
      knot,
      receives,
      receives === 'outcomes' ? (parent) => this.outcomeFrom(parent, valueFrom) : valueFrom,
    );
  }

  /** What a body that receives outcomes is told of a parent. */
  private outcomeFrom(parent: number, valueFrom: (parent: number) => unknown): unknown {
    const failed = this.failed.get(this.graph.layoutIndex.get(parent)!);
    if (!failed) return { kind: 'ok', value: valueFrom(parent) };
    return structuredClone(receivedOutcome(this.plan.plan.knots[parent]!, failed));
  }

  /** Of a parent of a knot that is running, by its index in the plan; undefined where it has none. */
  private valueOf(parent: number): EncodedValue | undefined {
    return this.scheduler.value(this.graph.layoutIndex.get(parent)!);
  }

  private async commit(
    index: number,
    knot: PlanKnot,
    definition: DefinitionRecord,
    outcome: OutcomeToRecord,
    values: readonly StoredValue[],
    number: number,
    startedAt: number,
    { key, passedOver }: { key?: string | undefined; passedOver?: PassedOver | undefined } = {},
  ): Promise<KnotOutcome<EncodedValue>> {
    const { environment } = this;
    const made = lineageRecord(
      this.plan,
      knot,
      this.execution(number, startedAt, Date.now()),
      outcome,
      (parent) => this.valueOf(parent)?.hash ?? null,
      environment.codeHashes.of(definition),
      key ?? null,
    );
    const commit = { record: withPassedOver(made, passedOver), values };
    const committed = await commitPatiently(() => environment.commits.commit(commit, { urgent: true }));
    if (outcome.kind === 'ok') {
      for (const value of values) environment.recentValues.add(value);
    }
    // What is passed on has no bytes of its own.
    this.countCommit(values.reduce((sum, { bytes }) => sum + bytes.byteLength, 0));
    if (committed.inserted && outcome.kind === 'ok' && outcome.choice === undefined) return outcome;
    return await this.adoptWithPaths(index, committed.record);
  }

  private countCommit(bytes: number): void {
    this.valueBytes += bytes;
    this.settledCount += 1;
    const { valueBytes, workingMs } = this.environment.segmentLimits;
    if (this.valueBytes > valueBytes || performance.now() - this.begun > workingMs) this.hold();
  }

  private async findMade(knot: PlanKnot, key: string): Promise<CachedValue | undefined> {
    if (this.attempt.task.reuse === false) return undefined;
    return await this.environment.cachedValues.find(knot, key);
  }

  /** What another knot has made is this one's. */
  private async takeOver(
    index: number,
    knot: PlanKnot,
    made: LineageRecord,
  ): Promise<KnotOutcome<EncodedValue>> {
    const now = Date.now();
    const execution = this.execution(0, now, now);
    const hashOf = (parent: number): string | null => this.valueOf(parent)?.hash ?? null;
    const record = reusedRecord(this.plan, knot, execution, made, hashOf);
    const { commits } = this.environment;
    const committed = await commitPatiently(() => commits.commit({ record, values: [] }, { urgent: true }));
    this.countCommit(0);
    return this.adopt(index, committed.record);
  }

  private keyOf(knot: PlanKnot, definition: DefinitionRecord): string | undefined {
    const { codeHashes, digest } = this.environment;
    const valueOf = (parent: number): EncodedValue => this.valueOf(parent)!;
    return cacheKeyOf(this.plan, knot, codeHashes.of(definition), valueOf, digest);
  }

  /** The paths of a branch are on record before anything below them starts. */
  private async adoptWithPaths(index: number, record: LineageRecord): Promise<KnotOutcome<EncodedValue>> {
    const { choice } = record.extra as { choice?: string };
    if (record.outcome === 'ok' && choice !== undefined) {
      const { paths } = this;
      const branch = this.graph.planKnots[index]!;
      const tags = this.plan
        .pathsOf(branch)
        .flatMap((path) => (paths.has(path.id) ? [path.policy.path!] : []));
      const now = Date.now();
      const records = pathRecords(
        this.plan,
        record,
        this.parents,
        tags,
        this.execution(record.attempt, now, now),
      );
      const { commits } = this.environment;
      await commitPatiently(() =>
        Promise.all(records.map((path) => commits.commit({ record: path, values: [] }, { urgent: true }))),
      );
    }
    return this.adopt(index, record);
  }

  private adopt(index: number, record: LineageRecord): KnotOutcome<EncodedValue> {
    if (record.outcome === 'ok') {
      const { choice } = record.extra as { choice?: string };
      if (choice !== undefined) this.choices.set(record.knot_id, choice);
      return {
        kind: 'ok',
        value: referenceOf(record, record.knot_id),
        ...(choice !== undefined && { choice }),
      };
    }
    const reason = record.skip_reason;
    if (isOwnSkip(reason)) {
      this.ownSkips.set(record.knot_id, reason);
      this.failed.set(index, failedOutcomeOf(record)!);
      return { kind: 'skipped', reason };
    }
    if (record.outcome === 'skipped') {
      throw new SelvageError(
        'WorkerShutdown',
        `Knot "${record.knot_id}" was settled as skipped: this attempt is not wanted any more.`,
      );
    }
    const { error } = record.extra as { error: ExceptionRecord };
    this.failed.set(index, failedOutcomeOf(record)!);
    if (this.failures.length < LISTED_FAILURES) {
      this.failures.push({
        knot: record.knot_id,
        type: error.type,
        message: messageText(error.message, MESSAGE_LENGTH),
      });
    }
    return { kind: 'err' };
  }

  private execution(attempt: number, startedAt: number, finishedAt: number): Execution {
    const call = { dispatcher: 'local', attempt, startedAt, finishedAt };
    return executionInActivity(this.attempt.context, this.environment.identity, this.surroundings, call);
  }

  /** Starts nothing more. */
  private hold(): void {
    if (this.isHeld) return;
    this.isHeld = true;
    this.host.apply({ type: 'hold' });
  }

  private refuse(error: unknown): void {
    this.refusal ??= error instanceof Error ? error : new Error(String(error));
    this.hold();
  }

  /** Told to stop, by a cancel, by the shutdown of the worker, or because another attempt takes over. */
  private cancel(): void {
    if (this.attempt.cancelReason === 'superseded') this.refuse(superseded(this.attempt));
    this.stopWith(this.attempt.context.cancellationSignal.reason as Error);
  }

  private isStopped(): boolean {
    return this.stop.signal.aborted;
  }

  private async answer(): Promise<SegmentAnswer> {
    const { layout, firstMember } = this.graph;
    const ends: MemberEnd[] = [];
    for (let index = firstMember; index < layout.size; index++) {
      const kind = this.scheduler.outcomeKind(index);
      if (kind === 'ok' || (kind === 'err' && !this.unrun.has(index))) ends.push(kind);
      else ends.push(this.alone.has(index) ? 'alone' : 'again');
    }
    return {
      ends: packEnds(ends),
      values: await this.wantedValues(),
      ...(this.failures.length > 0 && { failures: this.failures }),
      ...(this.choices.size > 0 && { choices: Object.fromEntries(this.choices) }),
      ...(this.ownSkips.size > 0 && { skipped: Object.fromEntries(this.ownSkips) }),
      ...(this.givenBack.size > 0 && { givenBack: Object.fromEntries(this.givenBack) }),
    };
  }

  private async wantedValues(): Promise<Record<string, Envelope>> {
    const { layout } = this.graph;
    const values: Record<string, Envelope> = {};
    let bytes = 0;
    for (const index of layout.terminals) {
      const value = this.scheduler.value(index);
      if (!value) continue;
      const id = layout.ids[index]!;
      const record = this.recorded.get(id);
      const envelope = record
        ? await envelopeOfRecord(this.environment, record)
        : envelopeOf(value, this.environment.inlineLimit);
      bytes += Buffer.byteLength(JSON.stringify(envelope)) + id.length;
      if (bytes > ANSWER_VALUE_BYTES) break;
      values[id] = envelope;
    }
    return values;
  }
}

function superseded(attempt: SegmentAttempt): SelvageError {
  return new SelvageError(
    'WorkerShutdown',
    `The server has given up this attempt: ${attempt.label} is taken over by another one.`,
    { details: { knot: attempt.knot } },
  );
}
