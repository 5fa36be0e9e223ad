import { countFailures, type KnotOutcome } from '../scheduler';
import { isNesting, layoutOf, nestedPlan, nestedRunId, type Layout, type PlanKnot } from '../plan';
import {
  CodeHashes,
  LoadedPlan,
  alignLayout,
  assembleInputs,
  encodeOutput,
  openTablesFrom,
  storeTablesIn,
  freshCopy,
  recordWithoutBody,
  nestedRunOf,
  outcomeOfLoop,
  outcomeOfResult,
  parametersAmong,
  planOf,
  storedValues,
  validateParameters,
  valuesOfNested,
  withReadInputs,
  type AcceptedExtension,
  type ChildRunRef,
  type EncodedValue,
  type KnotOutcomeToRecord,
  type NestedRun,
  type OutcomeToRecord,
  type RunLayout,
  KnotRunner,
  LayoutRun,
  ValueReader,
  type CallBody,
  type KnotEnd,
  type KnotToRun,
  type NextRound,
} from '../runtime';
import { SelvageError } from '../errors';
import { partitionOfRun } from '../authoring';
import type { TapestryRecord } from '../authoring/records';
import type { LineageRecord, RunRecord, RunStatus, StoredValue } from '../ports';
import { LocalKnotHost, type InProcessEnvironment } from './local-knot-host';
import { Replacements, type BodyToRun } from './replacements';
import { putOnRecord } from './run-record';

/** The run's lineage is in the order of the commits. */
export interface LocalRunResult {
  readonly runId: string;
  readonly status: RunStatus;
  readonly plan: LoadedPlan;
  readonly layout: Layout;
  readonly settled: readonly OutcomeToRecord[];
  readonly lineage: readonly LineageRecord[];
}

const DEFAULT_CONCURRENCY = 500;
/** A run in this process: one segment over the whole layout, with a record for every knot. */
export class InProcessHost extends LayoutRun {
  plan: LoadedPlan;
  protected graph: RunLayout;
  protected readonly runner: KnotRunner;
  protected readonly values: ValueReader;
  declare protected readonly settled: OutcomeToRecord[];
  private planText: string;
  /** Bodies by index in the layout; for a map, the body of its elements. A parameter has no body: undefined. */
  private readonly bodies: (BodyToRun | undefined)[];
  private readonly replacements: Replacements;
  private readonly knots: LocalKnotHost;
  private readonly codeHashes: CodeHashes;
  private partition: string | undefined;

  constructor(
    private readonly tapestry: TapestryRecord,
    private readonly environment: InProcessEnvironment,
  ) {
    const { terminals, concurrency = DEFAULT_CONCURRENCY, replace = {}, sha256, backends } = environment;
    const { loaded, text } = planOf(tapestry, sha256);
    const layout = terminals ? layoutOf(loaded.plan, terminals) : loaded.layout;
    super(layout, concurrency, true);
    this.plan = loaded;
    this.planText = text;
    this.graph = alignLayout(layout, loaded.plan);
    this.replacements = new Replacements(tapestry, new Map(Object.entries(replace)), sha256);
    this.bodies = this.graph.planKnots.map(({ id }) => {
      const placed = tapestry.knots.get(id)!;
      const each = placed.definition?.map?.each;
      return this.replacements.bodyOf(each ? { id, definition: each } : placed);
    });
    this.values = new ValueReader({ backends });
    this.knots = new LocalKnotHost(tapestry, loaded, environment);
    this.runner = new KnotRunner(this.knots);
    this.codeHashes = new CodeHashes(sha256, () => environment.bodyHosts);
  }

  /** Parameters included. */
  get knotIds(): readonly string[] {
    return this.graph.layout.ids;
  }

  async execute(parameters: ReadonlyMap<string, unknown>): Promise<LocalRunResult> {
    const { signal } = this.environment;
    const onAbort = (): void => this.onCancel();
    const startedAt = this.environment.now();
    this.partition = partitionOfRun(this.tapestry, parameters);
    const values = await this.recordParameters(parameters);
    if (signal?.aborted) this.onCancel();
    else signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await this.host.run(values);
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
    const status = this.status();
    const { ok, err, skipped } = this.scheduler.counts;
    await this.writeRunRecord(startedAt, status, values, { counts: { ok, err, skipped } });
    return {
      runId: this.knots.surroundings.runId,
      status,
      plan: this.plan,
      layout: this.graph.layout,
      settled: this.settled,
      lineage: this.knots.lineage,
    };
  }

  async recordRefused({ code: type, message }: SelvageError): Promise<void> {
    await this.writeRunRecord(this.environment.now(), 'failed', [], { error: { type, message } });
  }

  private async writeRunRecord(
    startedAt: number,
    status: RunStatus,
    parameters: readonly EncodedValue[],
    details: RunRecord['details'],
  ): Promise<void> {
    const { backends, recordsRun, runId, startedBy, terminals, now } = this.environment;
    if (!recordsRun) return;
    const { plan, planText } = this;
    const hashes = parameters.map(({ hash }, index) => [
      this.graph.layout.ids[index]!.slice('param:'.length),
      hash,
    ]);
    await putOnRecord(backends, this.environment.sha256, {
      runId,
      temporalRunId: this.environment.temporalRunId,
      startedBy,
      tapestry: this.tapestry,
      plan,
      planText,
      terminals,
      parameterHashes: Object.fromEntries(hashes) as Record<string, string>,
      partition: this.partition,
      status,
      startedAt,
      finishedAt: now(),
      details: { ...details, ...this.knots.tracing },
    });
  }

  private onCancel(): void {
    if (this.knots.isCancelled) return;
    this.knots.isCancelled = true;
    this.host.apply({ type: 'cancel' });
    this.knots.abort(this.environment.signal?.reason);
  }

  private status(): RunStatus {
    if (
      this.knots.isCancelled &&
      this.settled.some((outcome) => outcome.kind === 'skipped' && outcome.reason === 'cancelled')
    ) {
      return 'cancelled';
    }
    const { counted } = countFailures(this.graph.layout, (knot) => this.scheduler.outcomeKind(knot));
    return counted > 0 ? 'failed' : 'succeeded';
  }

  private async recordParameters(parameters: ReadonlyMap<string, unknown>): Promise<EncodedValue[]> {
    const values: EncodedValue[] = [];
    await storeTablesIn(this.environment.backends.dataStore, parameters);
    for (let index = 0; index < this.graph.layout.parameterCount; index++) {
      const value = encodeOutput(
        parameters.get(this.graph.layout.ids[index]!.slice('param:'.length)),
        this.environment.digest,
      );
      values.push(value);
      await this.record(index, { kind: 'ok', value }, storedValues(value), 1, this.knots.now());
    }
    return values;
  }

  /** All values are read before any of them is taken over. */
  protected override missing(): undefined {
    return undefined;
  }

  protected indexOf(knot: number): number {
    return this.graph.layoutIndex[knot]!;
  }

  protected async unrun(index: number, outcome: OutcomeToRecord): Promise<void> {
    // The outcome is set at once: a child that receives outcomes may start before this one is on record.
    this.settled[index] = outcome;
    await this.record(index, outcome, [], 0, this.knots.now());
  }

  /** Records an outcome without a body. */
  private async record(
    index: number,
    outcome: OutcomeToRecord,
    values: readonly StoredValue[],
    attempt: number,
    startedAt: number,
  ): Promise<void> {
    const knot = this.graph.planKnots[index]!;
    const { hashOf } = this.parents;
    const execution = this.knots.execution(attempt, startedAt, attempt === 0 ? startedAt : this.knots.now());
    const record = recordWithoutBody(this.plan, knot, execution, outcome, hashOf);
    await this.knots.commit(knot, { record, values });
    this.settled[index] = outcome;
  }

  protected async runKnot(index: number): Promise<KnotOutcome<EncodedValue>> {
    const knot = this.graph.planKnots[index]!;
    const body = this.bodies[index]!;
    const { codeHash = this.codeHashes.of(body.definition, knot.policy) } = body;
    const isReplaced = body.codeHash !== undefined;
    const since = this.knots.now();
    // A body that was started just before may have cancelled the run.
    if (this.knots.isCancelled) return await this.cancelledKnot(index, 0, since);
    const { plan, parents } = this;
    const { definition } = body;
    const subject: KnotToRun = { plan, knot, definition, codeHash, isReplaced, parents, since };
    const end = await this.endOf(knot, subject);
    if (end.kind !== 'recorded')
      return await this.cancelledKnot(index, end.kind === 'left' ? end.attempt : 0, since);
    const { outcome, accepted } = end;
    this.settled[index] = outcome!;
    if (accepted) this.grow(accepted);
    return outcome!.kind === 'err' ? { kind: 'err' } : outcome!;
  }

  private async endOf(knot: PlanKnot, subject: KnotToRun): Promise<KnotEnd> {
    const { node, wait } = knot.policy;
    if (node === 'map') return await this.runWholeMap(subject);
    const isNested = isNesting(node);
    if (!isNested && !wait) return await this.runner.run(subject);
    if (subject.isReplaced) return await this.runner.run(this.replaced(knot, subject));
    if (isNested) return await this.runTapestry(knot, subject);
    return await this.runner.run(this.waiting(knot, subject));
  }

  protected override codeHashOfMap({ knot, definition }: KnotToRun): string {
    return this.codeHashes.of(definition!, knot.policy);
  }

  private async cancelledKnot(
    index: number,
    attempt: number,
    since: number,
  ): Promise<KnotOutcome<EncodedValue>> {
    const outcome: OutcomeToRecord = { kind: 'skipped', reason: 'cancelled' };
    await this.record(index, outcome, [], attempt, since);
    return outcome;
  }

  private async runWholeMap(subject: KnotToRun): Promise<KnotEnd> {
    const end = await this.runMap(subject, { mayBeRecorded: false, isHeld: () => this.knots.isCancelled });
    return end.kind === 'left' ? { ...end, attempt: 0 } : end;
  }

  /** A replacement for a nested run or a wait gets all inputs. */
  private replaced(knot: PlanKnot, subject: KnotToRun): KnotToRun {
    const conclude = async (call: CallBody): Promise<KnotOutcomeToRecord> => {
      const inputs = isNesting(knot.policy.node)
        ? this.nestedInputs(knot)
        : assembleInputs(knot, 'values', this.freshValue);
      return outcomeOfResult(this.plan, knot, await call(inputs), this.parents, this.environment.digest);
    };
    return { ...subject, conclude };
  }

  /** The knot waits before its function is called. */
  private waiting(knot: PlanKnot, subject: KnotToRun): KnotToRun {
    const reading = withReadInputs(knot);
    const conclude = async (call: CallBody): Promise<KnotOutcomeToRecord> => {
      const inputs = assembleInputs(reading, 'values', this.freshValue);
      const ended = await this.environment.waits!.wait(knot, inputs, this.knots.cancel);
      if (this.knots.isCancelled) throw new Error('The run is cancelled.');
      const result = await call({ ...inputs, ...ended });
      return outcomeOfResult(this.plan, knot, result, this.parents, this.environment.digest);
    };
    return { ...subject, conclude };
  }

  /** Runs the nested tapestry once, or as a loop until it is over. */
  private async runTapestry(knot: PlanKnot, subject: KnotToRun): Promise<KnotEnd> {
    const { digest } = this.environment;
    let parameters = this.nestedInputs(knot);
    for (let number = 1; ; number++) {
      const childRun = this.childRunOf(knot, number);
      const run = await this.runNested(knot, childRun, parameters);
      const conclude = async (call: CallBody): Promise<KnotOutcomeToRecord | NextRound> => {
        const values = valuesOfNested(run());
        if (knot.policy.node !== 'loop')
          return outcomeOfResult(this.plan, knot, values, this.parents, digest);
        const state = encodeOutput({ ...this.nestedInputs(knot), ...values }, digest);
        const end = outcomeOfLoop(knot, await call({ state: freshCopy(state) }), state, number);
        return end ?? { next: parametersAmong(run().plan, valuesOfNested(run())) };
      };
      const end = await this.runner.run({ ...subject, childRun, conclude });
      if (end.kind !== 'goesOn' || this.knots.isCancelled) return end;
      parameters = { ...parameters, ...end.next };
    }
  }

  private nestedInputs(knot: PlanKnot): Record<string, unknown> {
    const inputs = nestedPlan(knot)!.parameters;
    return assembleInputs({ ...knot, inputs }, 'values', this.freshValue);
  }

  private childRunOf({ id }: PlanKnot, number: number): ChildRunRef {
    const { runId, temporalRunId } = this.knots.surroundings;
    return {
      run_id: nestedRunId(`${runId}/${id}`, number),
      temporal_run_id: nestedRunId(`${temporalRunId}/${id}`, number),
    };
  }

  /** Every call of the returned function gives fresh copies of the values. */
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
      temporalRunId: ref.temporal_run_id,
      startedBy: {
        runId: this.knots.surroundings.runId,
        temporalRunId: this.knots.surroundings.temporalRunId,
        knot: planKnot.id,
      },
      traceparent: await this.knots.traces?.ofNested(this.environment.temporalRunId, planKnot.id),
      ...(this.knots.cancel && { signal: this.knots.cancel }),
    });
    try {
      await openTablesFrom(this.environment.backends.dataStore, parameters, planKnot.id);
      const ended = await host.execute(await validateParameters(knot.nested!, parameters));
      return () => nestedRunOf(ref, ended.plan, ended.layout, ended.settled, freshCopy);
    } catch (error) {
      if (!SelvageError.is(error, 'InvalidParameters')) throw error;
      await host.recordRefused(error);
      const { code: type, message } = error;
      return () => ({ ref, plan: host.plan, error: { type, message }, failed: [], values: new Map() });
    }
  }

  /** To call before the extending knot is settled, so that the run cannot end in between. */
  private grow({ plan: { plan, hash, text } }: AcceptedExtension): void {
    const before = this.graph.layout.size;
    const { terminals } = this.environment;
    const layout = layoutOf(plan, terminals);
    // A later extension, which contains this one, may be recorded first.
    if (
      layout.size < before ||
      (plan.extended?.fragments.length ?? 0) <= (this.plan.plan.extended?.fragments.length ?? 0)
    )
      return;
    this.plan = new LoadedPlan(plan, hash);
    this.planText = text;
    this.graph = alignLayout(layout, plan);
    for (const knot of this.graph.planKnots.slice(before)) {
      const { name, version } = this.plan.definitionOf(knot)!;
      const definition = this.knots.definitions.get(name, version)!;
      this.bodies.push(this.replacements.bodyOf({ id: knot.id, definition }));
    }
    this.host.apply({
      type: 'extend',
      layout,
      recall: (knot) => (this.settled[knot] as Extract<OutcomeToRecord, { kind: 'ok' }>).value,
    });
  }
}
