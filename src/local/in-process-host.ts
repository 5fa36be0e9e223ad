import { setMaxListeners } from 'node:events';
import {
  MAP_CONCURRENCY,
  Scheduler,
  countFailures,
  isNesting,
  layoutOf,
  nestedPlan,
  nestedRunId,
  requiredParentsFailure,
  type KnotOutcome,
  type Layout,
  type OutcomeKind,
  type PlanKnot,
  type SkipReason,
  DEFAULT_CANCEL_GRACE_MS,
} from '../engine';
import {
  BodyExtension,
  CachedValues,
  Limits,
  LoadedPlan,
  alignLayout,
  ElementKnots,
  ElementsRun,
  MapComposer,
  madeIn,
  allElements,
  assembleInputs,
  cacheKeyOf,
  callBody,
  decodeStored,
  describeError,
  encodeOutput,
  lineageRecord,
  mapElements,
  needsNoInputs,
  nestedRunOf,
  outcomeOfLoop,
  outcomeOfResult,
  parametersAmong,
  partOfValue,
  planOf,
  receivedOutcome,
  retryDelay,
  reusedRecord,
  skipDetail,
  storedValues,
  superviseBody,
  unrunError,
  validateParameters,
  valueOfRecord,
  valuesOfNested,
  withExtension,
  withPassedOver,
  type AcceptedExtension,
  type ChildRunRef,
  withReadInputs,
  type CachedElement,
  type EncodedValue,
  type Hashing,
  type Execution,
  type KnotOutcomeToRecord,
  type NestedRun,
  type MapElements,
  type OutcomeToRecord,
  type ParentOutcomes,
  type PassedOver,
  freshCopy,
  waitUnlessStopped,
  bodyLogger,
} from '../execution';
import { SelvageError } from '../errors';
import type { LoggerLike } from '../model/knot-context';
import type { DefinitionRecord, KnotBody, TapestryRecord } from '../model/records';
import type { Backends, LineageRecord, RunRecord, RunStatus, StoredValue } from '../protocols';
import { Definitions } from './definitions';
import { LocalContext, type LocalRun } from './local-context';
import type { LocalWaits } from './local-waits';
import { PromiseHost } from './promise-host';
import { Replacements, type BodyToRun } from './replacements';
import { putOnRecord, type StartedBy } from './run-record';

/** A run's result and, in the order in which they were committed, its lineage records. */
export interface LocalRunResult {
  readonly runId: string;
  readonly status: RunStatus;
  readonly plan: LoadedPlan;
  readonly layout: Layout;
  readonly settled: readonly OutcomeToRecord[];
  readonly lineage: readonly LineageRecord[];
}

export interface InProcessEnvironment extends Hashing {
  /** Bodies to run in place of those of the definitions, by knot id or definition name. */
  readonly replace?: Readonly<Record<string, KnotBody>>;
  readonly terminals?: readonly string[];
  readonly resources?: Readonly<Record<string, unknown>>;
  readonly logger?: LoggerLike;
  readonly signal?: AbortSignal;
  readonly concurrency?: number;
  /** Whether values that others have made are taken, by the knots that say so. Default true. */
  readonly reuse?: boolean;
  /** Present where the tapestry has knots that wait. */
  readonly waits?: LocalWaits;
  readonly runId: string;
  /** What the records of this run are kept under, where Temporal has its run id: new for each run. */
  readonly recordRun: string;
  readonly startedBy?: StartedBy;
  readonly backends: Backends;
  /** Whether the run itself is recorded, beside its knots. */
  readonly recordsRun: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const DEFAULT_CONCURRENCY = 500;
const SILENT: LoggerLike = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A run in this process: bodies as promises, and a record in the backends for every knot. */
export class InProcessHost {
  plan: LoadedPlan;
  private planText: string;
  private layout: Layout;
  private readonly scheduler: Scheduler<EncodedValue>;
  private readonly settled: OutcomeToRecord[];
  private readonly lineage: LineageRecord[] = [];
  /** By index in the layout. */
  private planKnots: readonly PlanKnot[];
  /** By index in the layout: of a map, of its elements; undefined: a parameter. */
  private readonly bodies: (BodyToRun | undefined)[];
  /** By index in the plan; -1: not in the layout. */
  private layoutIndex: Int32Array;
  /** With all extensions that have been accepted; those that are not yet on record are not scheduled. */
  private extendedPlan: LoadedPlan;
  private readonly definitions: Definitions;
  private readonly replacements: Replacements;
  private readonly run: LocalRun;
  /** Aborts the bodies; absent: this run cannot be cancelled. Its own, because any number of bodies may listen. */
  private readonly stop: AbortController | undefined;
  private readonly host: PromiseHost<EncodedValue>;
  private readonly cachedValues: CachedValues;
  private readonly limits: Limits;
  private cancelled = false;

  constructor(
    private readonly tapestry: TapestryRecord,
    private readonly environment: InProcessEnvironment,
  ) {
    const { terminals, concurrency = DEFAULT_CONCURRENCY, replace = {}, sha256 } = environment;
    ({ loaded: this.plan, text: this.planText } = planOf(tapestry, sha256));
    this.layout = terminals ? layoutOf(this.plan.plan, terminals) : this.plan.layout;
    this.scheduler = new Scheduler(this.layout, { window: concurrency });
    this.limits = Limits.of(environment.backends.leaseTable);
    this.settled = new Array<OutcomeToRecord>(this.layout.size);
    const { planKnots, layoutIndex } = alignLayout(this.layout, this.plan.plan);
    this.planKnots = planKnots;
    this.layoutIndex = layoutIndex;
    this.extendedPlan = this.plan;
    this.definitions = new Definitions(tapestry, sha256);
    this.replacements = new Replacements(tapestry, new Map(Object.entries(replace)), sha256);
    this.bodies = planKnots.map(({ id }) => {
      const placed = tapestry.knots.get(id)!;
      const each = placed.definition?.map?.each;
      return this.replacements.bodyOf(each ? { id, definition: each } : placed);
    });
    this.run = {
      runId: environment.runId,
      recordRun: environment.recordRun,
      logger: bodyLogger(environment.logger ?? SILENT),
      resources: environment.resources ?? {},
      dataStore: environment.backends.dataStore,
      handedOn: new Map(),
    };
    this.cachedValues = new CachedValues(environment.backends, environment.now);
    if (environment.signal) {
      this.stop = new AbortController();
      setMaxListeners(0, this.stop.signal);
    }
    this.host = new PromiseHost(this.scheduler, {
      run: (knot) => this.runKnot(knot),
      skip: (knot, reason) => this.recordSkip(knot, reason),
      fail: (knot) => this.recordFailed(knot),
      pass: (knot) => this.recordPath(knot),
    });
  }

  /** Ids of the knots of this run, parameters included. */
  get knotIds(): readonly string[] {
    return this.layout.ids;
  }

  async execute(parameters: ReadonlyMap<string, unknown>): Promise<LocalRunResult> {
    const { signal } = this.environment;
    const onAbort = (): void => this.cancel();
    const startedAt = this.environment.now();
    const values = await this.recordParameters(parameters);
    if (signal?.aborted) this.cancel();
    else signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await this.host.run(values);
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
    const status = this.status();
    const { ok, err, skipped } = this.scheduler.counts;
    await this.record(startedAt, status, values, { counts: { ok, err, skipped } });
    return {
      runId: this.run.runId,
      status,
      plan: this.plan,
      layout: this.layout,
      settled: this.settled,
      lineage: this.lineage,
    };
  }

  /** It never began. */
  async recordRefused({ code: type, message }: SelvageError): Promise<void> {
    await this.record(this.environment.now(), 'failed', [], { error: { type, message } });
  }

  private async record(
    startedAt: number,
    status: RunStatus,
    parameters: readonly EncodedValue[],
    environment: RunRecord['environment'],
  ): Promise<void> {
    const { backends, recordsRun, runId, startedBy, terminals, now } = this.environment;
    if (!recordsRun) return;
    const { plan, planText } = this;
    const hashes = parameters.map(({ hash }, index) => [
      this.layout.ids[index]!.slice('param:'.length),
      hash,
    ]);
    await putOnRecord(backends, this.environment.sha256, {
      runId,
      recordRun: this.environment.recordRun,
      startedBy,
      tapestry: this.tapestry,
      plan,
      planText,
      terminals,
      parameterHashes: Object.fromEntries(hashes) as Record<string, string>,
      status,
      startedAt,
      finishedAt: now(),
      environment,
    });
  }

  private cancel(): void {
    if (this.cancelled) return;
    this.cancelled = true;
    this.host.apply({ type: 'cancel' });
    this.stop?.abort(this.environment.signal?.reason);
  }

  private status(): RunStatus {
    if (
      this.cancelled &&
      this.settled.some((outcome) => outcome.kind === 'skipped' && outcome.reason === 'cancelled')
    ) {
      return 'cancelled';
    }
    const { counted } = countFailures(this.layout, (knot) => this.scheduler.outcomeKind(knot));
    return counted > 0 ? 'failed' : 'succeeded';
  }

  private async recordParameters(parameters: ReadonlyMap<string, unknown>): Promise<EncodedValue[]> {
    const values: EncodedValue[] = [];
    for (let index = 0; index < this.layout.parameterCount; index++) {
      const value = encodeOutput(
        parameters.get(this.layout.ids[index]!.slice('param:'.length)),
        this.environment.digest,
      );
      values.push(value);
      const now = this.environment.now();
      await this.commit(index, { kind: 'ok', value }, storedValues(value), 1, now, null);
    }
    return values;
  }

  private async recordSkip(knot: number, reason: SkipReason): Promise<void> {
    const planKnot = this.planKnots[knot]!;
    const detail =
      reason === 'parent_failed_or_skipped'
        ? { ...skipDetail(this.plan, planKnot, this.scheduler.skipDetail(knot)) }
        : undefined;
    await this.recordUnrun(knot, { kind: 'skipped', reason, ...(detail && { detail }) });
  }

  private async recordFailed(knot: number): Promise<void> {
    const kinds = (parent: number): OutcomeKind | undefined => this.scheduler.outcomeKind(parent);
    const failure = requiredParentsFailure(this.layout, knot, kinds);
    const error = unrunError(this.run.runId, failure, this.environment.sha256);
    await this.recordUnrun(knot, { kind: 'err', error });
  }

  private async recordPath(knot: number): Promise<void> {
    const input = this.planKnots[knot]!.inputs['input'] as { readonly parent: number };
    await this.recordUnrun(knot, this.settled[this.layoutIndex[input.parent]!]!);
  }

  private async recordUnrun(knot: number, outcome: OutcomeToRecord): Promise<void> {
    // At once: a child that receives outcomes may start before this is on record.
    this.settled[knot] = outcome;
    await this.commit(knot, outcome, [], 0, this.environment.now(), null);
  }

  private async runKnot(knot: number): Promise<KnotOutcome<EncodedValue>> {
    const planKnot = this.planKnots[knot]!;
    if (planKnot.policy.node === 'map') return await this.runMap(knot, planKnot);
    const { definition, codeHash = this.plan.definitionOf(planKnot)!.codeHash } = this.bodies[knot]!;
    const startedAt = this.environment.now();
    // By a body that was started just before.
    if (this.cancelled) return await this.settle(knot, CANCELLED, 0, startedAt, null);
    const isReplaced = this.bodies[knot]!.codeHash !== undefined;
    if (isNesting(planKnot.policy.node) && !isReplaced) return await this.runTapestry(knot, startedAt);
    if (planKnot.policy.wait && !isReplaced)
      return await this.settle(knot, await this.waitFor(planKnot, definition), 1, startedAt, codeHash);
    const key = this.keyOf(knot, codeHash);
    const { record, value, passedOver } = key === undefined ? {} : await this.findMade(planKnot, key);
    // A cancel may have come meanwhile.
    if (this.cancelled) return await this.settle(knot, CANCELLED, 0, startedAt, null);
    if (record) return await this.takeOver(knot, record, value!);
    for (let attempt = 1; ; attempt++) {
      let end: KnotEnd | undefined;
      let accepted: AcceptedExtension | undefined;
      const extension = new BodyExtension(this.plan, planKnot);
      try {
        const result = needsNoInputs(planKnot)
          ? undefined
          : await this.limited(planKnot, startedAt, () =>
              this.callOnce(definition, planKnot, attempt, extension),
            );
        end = outcomeOfResult(this.plan, planKnot, result, this.parents, this.environment.digest);
        accepted = this.accept(extension);
        if (accepted) end = withExtension(end, accepted);
      } catch (error) {
        extension.close();
        end = await this.judge(planKnot, attempt, error);
      }
      if (!end) continue;
      const reuse = { key: key ?? null, passedOver };
      const outcome = await this.settle(knot, end, attempt, startedAt, codeHash, reuse);
      if (accepted) this.grow(accepted);
      return outcome;
    }
  }

  /** Of a knot that runs another tapestry: once or, of a loop, until that is over. */
  private async runTapestry(knot: number, startedAt: number): Promise<KnotOutcome<EncodedValue>> {
    const planKnot = this.planKnots[knot]!;
    const { definition, codeHash = this.plan.definitionOf(planKnot)!.codeHash } = this.bodies[knot]!;
    let parameters = this.nestedInputs(planKnot);
    for (let number = 1; ; number++) {
      const childRun = this.childRunOf(planKnot, number);
      const run = await this.runNested(planKnot, childRun, parameters);
      const { end, attempt } = await this.endAfter(planKnot, definition, run, number);
      if (end) return await this.settle(knot, withChildRun(end, childRun), attempt, startedAt, codeHash);
      if (this.cancelled) return await this.settle(knot, CANCELLED, attempt, startedAt, null);
      parameters = { ...parameters, ...parametersAmong(run().plan, valuesOfNested(run())) };
    }
  }

  /** What a knot comes to after one of its runs; undefined where it goes on. */
  private async endAfter(
    planKnot: PlanKnot,
    definition: DefinitionRecord,
    run: () => NestedRun,
    number: number,
  ): Promise<{ readonly end: KnotEnd | undefined; readonly attempt: number }> {
    const { digest } = this.environment;
    for (let attempt = 1; ; attempt++) {
      try {
        const values = valuesOfNested(run());
        if (planKnot.policy.node !== 'loop')
          return { end: outcomeOfResult(this.plan, planKnot, values, this.parents, digest), attempt };
        const state = encodeOutput({ ...this.nestedInputs(planKnot), ...values }, digest);
        const isOver = await this.callWith(definition, planKnot, { state: freshCopy(state) }, attempt);
        return { end: outcomeOfLoop(planKnot, isOver, state, number), attempt };
      } catch (error) {
        const end = await this.judge(planKnot, attempt, error);
        if (end) return { end, attempt };
      }
    }
  }

  /** The parameters that a knot gives to the tapestry that it runs. */
  private nestedInputs(planKnot: PlanKnot): Record<string, unknown> {
    const inputs = nestedPlan(planKnot)!.parameters;
    return assembleInputs({ ...planKnot, inputs }, 'values', this.freshValue);
  }

  private inputsOf({ receives }: DefinitionRecord, planKnot: PlanKnot): Record<string, unknown> {
    if (isNesting(planKnot.policy.node)) return this.nestedInputs(planKnot);
    return assembleInputs(planKnot, receives, receives === 'outcomes' ? this.freshOutcome : this.freshValue);
  }

  private childRunOf({ id }: PlanKnot, number: number): ChildRunRef {
    const { runId, recordRun } = this.run;
    return {
      run_id: nestedRunId(`${runId}/${id}`, number),
      temporal_run_id: nestedRunId(`${recordRun}/${id}`, number),
    };
  }

  /** Answers, as often as it is asked, what came of it, with values that are nobody else's. */
  private async runNested(
    planKnot: PlanKnot,
    ref: ChildRunRef,
    parameters: Record<string, unknown>,
  ): Promise<() => NestedRun> {
    const knot = this.tapestry.knots.get(planKnot.id)!;
    const { terminals: _, signal: __, ...environment } = this.environment;
    const host = new InProcessHost(knot.nested!, {
      ...environment,
      replace: this.replacements.nestedIn(knot),
      runId: ref.run_id,
      recordRun: ref.temporal_run_id,
      startedBy: { runId: this.run.runId, recordRun: this.run.recordRun, knot: planKnot.id },
      ...(this.stop && { signal: this.stop.signal }),
    });
    try {
      const ended = await host.execute(await validateParameters(knot.nested!, parameters));
      return () => nestedRunOf(ref, ended.plan, ended.layout, ended.settled, freshCopy);
    } catch (error) {
      if (!SelvageError.is(error, 'InvalidParameters')) throw error;
      await host.recordRefused(error);
      const { code: type, message } = error;
      return () => ({ ref, plan: host.plan, error: { type, message }, failed: [], values: new Map() });
    }
  }

  private async runMap(knot: number, map: PlanKnot): Promise<KnotOutcome<EncodedValue>> {
    const startedAt = this.environment.now();
    const { codeHash } = this.plan.definitionOf(map)!;
    const end = this.cancelled ? CANCELLED : await this.mapEnd(map, this.bodies[knot]!);
    return await this.settle(knot, end, end === CANCELLED ? 0 : 1, startedAt, codeHash);
  }

  private async mapEnd(map: PlanKnot, body: BodyToRun): Promise<KnotEnd> {
    const { environment } = this;
    const { runId } = this.run;
    const failed = (error: unknown): KnotEnd => {
      const { record, values } = describeError(error, { runId, knotId: map.id, attempt: 1 }, environment);
      return { outcome: { kind: 'err', error: record }, values };
    };
    let elements: MapElements;
    try {
      elements = mapElements(this.plan, map, (parent) => this.parents.valueOf(parent).encoded);
    } catch (error) {
      return failed(error);
    }
    const composer = new MapComposer(map, elements.count, elements.keys);
    await this.runElements(map, elements, body, composer);
    if (this.cancelled && composer.open(0, elements.count).length > 0) return CANCELLED;
    try {
      return composer.outcome(runId, environment);
    } catch (error) {
      return failed(error);
    }
  }

  private async runElements(
    map: PlanKnot,
    elements: MapElements,
    { definition, codeHash: replaced }: BodyToRun,
    composer: MapComposer,
  ): Promise<void> {
    const { count, keys, lists } = elements;
    const { now, backends } = this.environment;
    const { runId } = this.run;
    const run = new ElementsRun(
      {
        plan: this.plan,
        definition,
        codeHash: replaced ?? this.plan.elementDefinitionOf(map).codeHash,
        isReplaced: replaced !== undefined,
        hashing: this.environment,
        runId,
        textOf: ({ position }, input) => lists.get(input)?.[position],
        sharedId: this.parents.valueOf,
        sharedValue: this.freshValue,
      },
      {
        now,
        isHeld: () => this.cancelled,
        call: (element, inputs, attempt) =>
          this.limited(element, now(), () => this.callWith(definition, element, inputs, attempt)),
        findMade: (element, cacheKey) => this.findMade(element, cacheKey),
        judge: async (element, error, throws) => {
          if (this.cancelled) return 'left';
          const delay = retryDelay(element.policy.retry, throws, error);
          if (delay === undefined) return 'failed';
          await waitUnlessStopped(delay, this.stop?.signal);
          return this.cancelled ? 'left' : 'again';
        },
        execution: (attempt, startedAt) => this.execution(attempt, startedAt, now()),
        commit: async (record, values) => {
          const [result] = await backends.commit([{ record, values }]);
          this.lineage.push(record);
          return result;
        },
        ended: ({ position }, end) => {
          if (end.kind === 'err') composer.err(position, end.error);
          else composer.ok(position, partOfValue(end.value!)!, madeIn(end.record));
        },
      },
    );
    const knots = new ElementKnots(this.plan, map);
    const { concurrency = MAP_CONCURRENCY } = map.policy.map!;
    await run.run(allElements(knots, count, keys), Math.min(concurrency, count));
  }

  /** From now on, others are checked against the plan that has it. */
  private accept(extension: BodyExtension): AcceptedExtension | undefined {
    const { terminals, sha256 } = this.environment;
    const accepted = extension.accept({
      plan: this.extendedPlan,
      terminals,
      find: (name, version) => this.definitions.find(name, version),
      sha256,
    });
    if (accepted) this.extendedPlan = new LoadedPlan(accepted.plan.plan, accepted.plan.hash);
    return accepted;
  }

  /** Before the knot that asked for it is settled, so that the run cannot end in between. */
  private grow({ plan: { plan, hash, text } }: AcceptedExtension): void {
    const before = this.layout.size;
    const { terminals } = this.environment;
    const layout = layoutOf(plan, terminals);
    // One that was accepted later may be on record sooner, and has brought this one along.
    if (
      layout.size < before ||
      (plan.extended?.fragments.length ?? 0) <= (this.plan.plan.extended?.fragments.length ?? 0)
    )
      return;
    this.plan = new LoadedPlan(plan, hash);
    this.planText = text;
    this.layout = layout;
    const { planKnots, layoutIndex } = alignLayout(layout, plan);
    this.planKnots = planKnots;
    this.layoutIndex = layoutIndex;
    for (const knot of planKnots.slice(before)) {
      const { name, version } = this.plan.definitionOf(knot)!;
      const definition = this.definitions.body(name, version)!;
      this.bodies.push(this.replacements.bodyOf({ id: knot.id, definition }));
    }
    this.host.apply({
      type: 'extend',
      layout,
      recall: (knot) => (this.settled[knot] as Extract<OutcomeToRecord, { kind: 'ok' }>).value,
    });
  }

  private async settle(
    knot: number,
    { outcome, values }: KnotEnd,
    attempt: number,
    startedAt: number,
    codeHash: string | null,
    reuse?: Reuse,
  ): Promise<KnotOutcome<EncodedValue>> {
    await this.commit(knot, outcome, values, attempt, startedAt, codeHash, reuse);
    return eventOf(outcome);
  }

  /** Of a body that stands in for the definition's own, nothing is reused and nothing is to be reused. */
  private keyOf(knot: number, codeHash: string): string | undefined {
    if (this.bodies[knot]!.codeHash !== undefined) return undefined;
    const { valueOf } = this.parents;
    return cacheKeyOf(this.plan, this.planKnots[knot]!, codeHash, valueOf, this.environment.digest);
  }

  /** With its value: what has none any more is not found. */
  private async findMade(planKnot: PlanKnot, key: string): Promise<CachedElement> {
    if (this.environment.reuse === false) return {};
    const found = await this.cachedValues.find(planKnot, key);
    if (!found.record) return found;
    const value = await this.readValue(found.record);
    return value ? { record: found.record, value } : { passedOver: 'value_gone' };
  }

  /** Undefined: it has gone meanwhile. */
  private async readValue(made: LineageRecord): Promise<EncodedValue | undefined> {
    const value = valueOfRecord(made);
    if (value.stored !== undefined) return value;
    const { backends, digest } = this.environment;
    const bytes = await backends.dataStore.get(value.hash);
    return bytes && encodeOutput(decodeStored(value.hash, bytes), digest);
  }

  private async takeOver(
    knot: number,
    made: LineageRecord,
    value: EncodedValue,
  ): Promise<KnotOutcome<EncodedValue>> {
    const now = this.environment.now();
    const execution = this.execution(0, now, now);
    const record = reusedRecord(this.plan, this.planKnots[knot]!, execution, made, this.hashOfParent);
    await this.environment.backends.commit([{ record, values: [] }]);
    this.settled[knot] = { kind: 'ok', value };
    this.lineage.push(record);
    return { kind: 'ok', value };
  }

  private async waitFor(planKnot: PlanKnot, definition: DefinitionRecord): Promise<KnotEnd> {
    const { runId } = this.run;
    const { environment } = this;
    const reading = withReadInputs(planKnot);
    try {
      const inputs = assembleInputs(reading, 'values', this.freshValue);
      const ended = await this.environment.waits!.wait(planKnot, inputs, this.stop?.signal);
      if (this.cancelled) return CANCELLED;
      const given = { ...inputs, ...ended };
      const extension = new BodyExtension(this.plan, planKnot);
      const context = new LocalContext(this.run, planKnot.id, 1, undefined, extension);
      const result = await callBody(definition, planKnot.policy, given, context);
      return outcomeOfResult(this.plan, planKnot, result, this.parents, environment.digest);
    } catch (error) {
      if (this.cancelled) return CANCELLED;
      const { record, values } = describeError(
        error,
        { runId, knotId: planKnot.id, attempt: 1 },
        environment,
      );
      return { outcome: { kind: 'err', error: record }, values };
    }
  }

  /** What an error that ended an attempt makes of the knot; undefined: it is tried again, after its wait. */
  private async judge(planKnot: PlanKnot, attempt: number, error: unknown): Promise<KnotEnd | undefined> {
    if (this.cancelled) return CANCELLED;
    const delay = retryDelay(planKnot.policy.retry, attempt, error);
    if (delay !== undefined) {
      await waitUnlessStopped(delay, this.stop?.signal);
      return this.cancelled ? CANCELLED : undefined;
    }
    const where = { runId: this.run.runId, knotId: planKnot.id, attempt };
    const { record, values } = describeError(error, where, this.environment);
    return { outcome: { kind: 'err', error: record }, values };
  }

  /** Calls a body when the limits of its knot allow it, which has waited since then. */
  private limited(
    { id: knotId, policy }: PlanKnot,
    since: number,
    call: () => Promise<unknown>,
  ): Promise<unknown> {
    if (!policy.maxConcurrent && !policy.ratePerSecond) return call();
    const { runId, recordRun } = this.run;
    const signal = this.stop?.signal;
    return this.limits.run(
      { policy, runId, recordRun, knotId, since, refusals: 0, patience: Infinity, signal },
      call,
    );
  }

  private callOnce(
    definition: DefinitionRecord,
    planKnot: PlanKnot,
    attempt: number,
    extension: BodyExtension,
  ): Promise<unknown> {
    return this.callWith(definition, planKnot, this.inputsOf(definition, planKnot), attempt, extension);
  }

  private callWith(
    definition: DefinitionRecord,
    planKnot: PlanKnot,
    inputs: Record<string, unknown>,
    attempt: number,
    extension = BodyExtension.none(planKnot),
  ): Promise<unknown> {
    const { timeout, cancelGrace } = planKnot.policy;
    const signal = this.stop?.signal;
    if (timeout === undefined && !signal) {
      return callBody(
        definition,
        planKnot.policy,
        inputs,
        new LocalContext(this.run, planKnot.id, attempt, undefined, extension),
      );
    }
    return superviseBody(
      (bodySignal) =>
        callBody(
          definition,
          planKnot.policy,
          inputs,
          new LocalContext(this.run, planKnot.id, attempt, bodySignal, extension),
        ),
      { knotId: planKnot.id, cancel: signal, cancelGrace: cancelGrace ?? DEFAULT_CANCEL_GRACE_MS, timeout },
    );
  }

  private readonly freshValue = (parent: number): unknown => {
    return freshCopy(this.scheduler.value(this.layoutIndex[parent]!)!);
  };

  private readonly parents: ParentOutcomes = {
    valueOf: (parent) => this.scheduler.value(this.layoutIndex[parent]!)!,
    kindOf: (parent) => {
      const outcome = this.settled[this.layoutIndex[parent]!]!;
      return outcome.kind === 'ok' ? 'ok' : receivedOutcome(this.plan.plan.knots[parent]!, outcome).kind;
    },
  };

  private readonly freshOutcome = (parent: number): unknown => {
    const outcome = this.settled[this.layoutIndex[parent]!]!;
    if (outcome.kind === 'ok') return { kind: 'ok', value: this.freshValue(parent) };
    return structuredClone(receivedOutcome(this.plan.plan.knots[parent]!, outcome));
  };

  private async commit(
    knot: number,
    outcome: OutcomeToRecord,
    values: readonly StoredValue[],
    attempt: number,
    startedAt: number,
    codeHash: string | null,
    { key, passedOver }: Reuse = { key: null },
  ): Promise<void> {
    const execution = this.execution(attempt, startedAt, attempt === 0 ? startedAt : this.environment.now());
    const planKnot = this.planKnots[knot]!;
    const made = lineageRecord(this.plan, planKnot, execution, outcome, this.hashOfParent, codeHash, key);
    const record = withPassedOver(made, passedOver);
    await this.environment.backends.commit([{ record, values }]);
    this.settled[knot] = outcome;
    this.lineage.push(record);
  }

  private execution(attempt: number, startedAt: number, finishedAt: number): Execution {
    return {
      runId: this.run.runId,
      temporalRunId: this.run.recordRun,
      dispatcher: 'in_process',
      taskQueue: null,
      worker: null,
      attempt,
      scheduledAt: startedAt,
      startedAt,
      finishedAt,
    };
  }

  private readonly hashOfParent = (parent: number): string | null => {
    const outcome = this.settled[this.layoutIndex[parent]!];
    return outcome?.kind === 'ok' ? outcome.value.hash : null;
  };
}

/** What a knot's record says of reuse. */
interface Reuse {
  readonly key: string | null;
  readonly passedOver?: PassedOver | undefined;
}

/** How a knot ended, and what the data store has to hold for it. */
type KnotEnd = KnotOutcomeToRecord;

const CANCELLED: KnotEnd = { outcome: { kind: 'skipped', reason: 'cancelled' }, values: [] };

function withChildRun({ outcome, values }: KnotEnd, childRun: ChildRunRef | undefined): KnotEnd {
  if (!childRun || outcome.kind === 'skipped') return { outcome, values };
  return { outcome: { ...outcome, childRun }, values };
}

function eventOf(outcome: OutcomeToRecord): KnotOutcome<EncodedValue> {
  return outcome.kind === 'err' ? { kind: 'err' } : outcome;
}
