import { ApplicationFailure, Context } from '@temporalio/activity';
import { encodeJson, hashJson, type Json } from '../canonical';
import {
  PARAMETER_BYTES_INLINE,
  decodeLayout,
  extend,
  inlineTerminals,
  isReference,
  isExtendedBy,
  packRanges,
  resolveDefinitions,
  unpackEnds,
  sumOf,
  unpackRanges,
  type Envelope,
  type Layout,
} from '../engine';
import { SelvageError, type ErrorCode } from '../errors';
import {
  LoadedPlan,
  decodeFragment,
  encodeOutput,
  envelopeOf,
  lineageRecord,
  skipDetail,
  storedValues,
  unrunError,
  validateParameters,
  valueOfRecord,
  withNested,
  type EncodedValue,
  type Execution,
  type OutcomeToRecord,
  type RunLayout,
} from '../execution';
import type { Fragment } from '../model/fragment';
import type { TapestryRecord } from '../model/records';
import type { Commit, RunRecord, RunStatus } from '../protocols';
import {
  CHECK_ACTIVITY,
  EXTEND_ACTIVITY,
  LAYOUT_ACTIVITY,
  LOOKUP_ACTIVITY,
  NEST_ACTIVITY,
  PIN_ACTIVITY,
  SETTLE_ACTIVITY,
  WAIT_ACTIVITY,
  type BegunSegment,
  type ExtendRequest,
  type ExtendResult,
  type LayoutRequest,
  type LookupRequest,
  type LookupResult,
  type NestRequest,
  type PinRequest,
  type PinResult,
  type RunAnswer,
  type RunCounts,
  type RunEnded,
  type RunMemo,
  type SegmentAnswer,
  type SettleRequest,
  type SettleResult,
  mayReuse,
  type SignalCheckRequest,
  type WaitRequest,
} from '../workflows/messages';
import { runLimits } from '../workflows/run-limits';
import { VERSION } from '../version';
import { isBackendTrouble } from './backend-trouble';
import { firstSegment } from './first-segment';
import { SegmentAttempt, type ResolvedSegment } from './knot-attempt';
import { runToStart } from './nested-runs';
import { decodeParameters, referencesIn } from './parameter-references';
import { recordsBeforeReset } from './reset-runs';
import { SegmentRun } from './segment-run';
import { reuse, reusesValues, type KnownValues } from './reuse';
import { requireSameBackends } from '../backends';
import { currentScope } from '../sealing/run-scope';
import { checkSignal } from './signals';
import { takeOver, type TakenOver } from './take-over';
import { readWait } from './read-wait';
import type { WorkerEnvironment } from './worker-environment';

/** What is wrong with the parameters: a value that does not satisfy its schema, or that cannot be read or kept. */
const REFUSED_PARAMETERS: readonly ErrorCode[] = ['InvalidParameters', 'NotDecodable', 'NotEncodable'];
/** Errors that another attempt of a system activity cannot mend. */
const FINAL: readonly ErrorCode[] = [
  ...REFUSED_PARAMETERS,
  'InvalidConfig',
  'UnknownTerminal',
  'UnknownTapestry',
  'BackendsDiffer',
  'InvalidPlan',
  'InlineLimitDiffers',
  'NotResumable',
  'PlanTooLarge',
];
/** What a deploy mends that has not come yet: a local activity fails of it with its workflow task, any other is tried again. */
const UNKNOWN_YET: readonly ErrorCode[] = [
  'UnknownTapestry',
  'BackendsDiffer',
  'InvalidPlan',
  'InlineLimitDiffers',
];
/** What is wrong with an extension. */
const REFUSED_EXTENSION: readonly ErrorCode[] = [
  'NotExtensible',
  'InvalidFragment',
  'InvalidName',
  'InvalidConfig',
  'UnknownDefinition',
  'CodeDiffers',
  'CacheWithoutVersion',
  'DuplicateId',
  'DuplicateTerminal',
  'UnknownKnot',
  'UnknownTerminal',
  'Cycle',
  'NotDecodable',
  'NotEncodable',
  'PlanTooLarge',
  'ValueMissing',
];

/**
 * What the interpreter asks of a worker beside running bodies. All are idempotent: Temporal may run them again at any time.
 */
export function createSystemActivities(
  environment: WorkerEnvironment,
): Record<string, (request: never) => Promise<unknown>> {
  const system = new SystemActivities(environment);
  return {
    [PIN_ACTIVITY]: (request: PinRequest) => asFailure(system.pin(request)),
    [NEST_ACTIVITY]: (request: NestRequest) =>
      asFailure(runToStart(environment, Context.current().info, request)),
    [LAYOUT_ACTIVITY]: (request: LayoutRequest) => asFailure(system.layout(request)),
    [EXTEND_ACTIVITY]: (request: ExtendRequest) => asFailure(system.extend(request), REFUSED_EXTENSION),
    [LOOKUP_ACTIVITY]: (request: LookupRequest) => asFailure(system.lookUp(request)),
    [SETTLE_ACTIVITY]: (request: SettleRequest) => asFailure(system.settle(request)),
    [WAIT_ACTIVITY]: (request: WaitRequest) => asFailure(readWait(environment, request)),
    [CHECK_ACTIVITY]: (request: SignalCheckRequest) => asFailure(checkSignal(environment, request)),
  };
}

async function asFailure<T>(work: Promise<T>, final = FINAL): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!SelvageError.is(error)) throw error;
    const { info, log } = Context.current();
    // The server does not know of attempts of local activities, so it cannot show why the run waits.
    if (isBackendTrouble(error)) {
      log.warn(`Run "${info.workflowExecution!.workflowId}" waits: ${error.message}`, { code: error.code });
    }
    throw ApplicationFailure.create({
      message: error.message,
      type: error.code,
      nonRetryable: final.includes(error.code) && (info.isLocal || !UNKNOWN_YET.includes(error.code)),
      details: [error.details],
    });
  }
}

/** Whether the first segment was the whole of the run, and each of its knots is Ok. */
function isAllOk(layout: Layout, size: number, answer: SegmentAnswer): boolean {
  return (
    size === layout.size - layout.parameterCount && unpackEnds(answer.ends, size).every((end) => end === 'ok')
  );
}

/** The parameters of a run, as its schemas have let them in. */
interface AcceptedParameters {
  readonly values: readonly EncodedValue[];
  /** Hashes of those that are in the data store already. */
  readonly stored: ReadonlySet<string>;
  /** Of the raw ones, where who started the run had not all of them at hand. */
  readonly hash?: string;
}

class SystemActivities {
  /** Plans that this process has seen in the tapestry store. */
  private readonly saved = new Set<string>();

  constructor(private readonly environment: WorkerEnvironment) {}

  /**
   * Validates the parameters, pins the plan, and records the run and its parameters. Begins the first segment, where nothing else goes
   * out with it; a run that is no more than that may end here.
   */
  async pin(request: PinRequest): Promise<PinResult | RunEnded> {
    const { registry, plans } = this.environment;
    const { workflowType } = Context.current().info;
    const tapestry = registry.tapestry(workflowType!);
    if (!tapestry) throw unknownTapestry(workflowType!, registry.tapestryNames);
    const limits = runLimits(request.limits);
    if (request.backends) await requireSameBackends(this.environment.backends, request.backends);
    const hash = request.plan ?? registry.plan(tapestry).hash;
    this.requireInlineLimit(request);
    await this.savePlan(tapestry, hash);
    const plan = await plans.get(hash);
    const slices = await plans.layoutSlices(hash, request.terminals);
    const graph = await plans.layout(hash, request.terminals);
    const { layout } = graph;
    const wanted = layout.ids.slice(0, layout.parameterCount);
    const now = Date.now();
    const taken =
      request.resume &&
      (await takeOver(this.environment, layout, request.resume, this.execution(now, now, 0)));
    const accepted = taken ? undefined : await this.acceptParameters(tapestry, plan, wanted, request);
    const envelopes = taken?.parameters ?? (await this.recordParameters(plan, wanted, accepted!));
    const hashes = Object.fromEntries(
      wanted.map((id, index) => [id.slice('param:'.length), envelopes[index]!.hash]),
    );
    const inline = envelopes.map(({ envelope }) => envelope);
    const { workflowId, runId: recordRun } = Context.current().info.workflowExecution!;
    const takenOver = [
      ...(taken?.knots.keys() ?? []),
      ...(await this.reuse(plan, graph, request, envelopes, taken)),
    ].sort((a, b) => a - b);
    const first =
      request.beginSegment && takenOver.length === 0 && !taken
        ? firstSegment(
            plan,
            layout,
            { runId: workflowId, recordRun, ...(!mayReuse(request) && { reuse: false }) },
            inline,
            limits,
          )
        : undefined;
    const { runHistory } = this.environment.backends;
    const isBegun = first && (await runHistory.getRunByTemporalId(first.recordRun)) !== undefined;
    const said = accepted?.hash === undefined ? request : { ...request, parametersHash: accepted.hash };
    await runHistory.startRun(this.runRecord(plan, said, hashes));
    const about = { run: workflowId, tapestry: tapestry.name };
    this.environment.logger?.info(about, `Run ${workflowId} of ${tapestry.name} begins`);
    const segment = first && (await this.beginSegment(plan, first, isBegun!));
    if (segment?.answer && isAllOk(layout, segment.size, segment.answer)) {
      const answer = await this.answerOf(layout, hash, inline, segment.answer);
      return { behaviour: request.behaviour, answer };
    }
    return {
      behaviour: request.behaviour,
      limits,
      plan: hash,
      slices: slices.length,
      layout: slices[0]!,
      parameters: inlineUpToLimit(inline),
      ...(takenOver.length > 0 && { takenOver: packRanges(takenOver) }),
      ...(segment && { segment }),
    };
  }

  /** What this worker would write of a run, whoever started it may not want to have in a history. */
  private requireInlineLimit({ inlineLimit, parameters }: PinRequest): void {
    const own = this.environment.inlineLimit;
    if (inlineLimit !== undefined && own > inlineLimit) throw inlineLimitDiffers(inlineLimit, own);
    if (inlineLimit !== undefined || own > 0) return;
    const isInHistory = Object.keys(parameters as object).length > referencesIn(parameters).size;
    if (isInHistory)
      Context.current().log.warn(
        "The parameters of this run are in Temporal's history, although this worker has inlineLimit 0: give it to whoever starts runs, too.",
      );
  }

  /** What others have made already; answers the knots that it stands for. */
  private async reuse(
    plan: LoadedPlan,
    graph: RunLayout,
    request: PinRequest,
    parameters: readonly { readonly envelope: Envelope; readonly hash: string }[],
    taken: TakenOver | undefined,
  ): Promise<readonly number[]> {
    if (!mayReuse(request) || !reusesValues(graph.layout)) return [];
    const known: KnownValues = new Map(
      parameters.map(({ envelope, hash }, index) => [
        index,
        { size: 0, ...(isReference(envelope) && envelope), hash },
      ]),
    );
    for (const [knot, record] of taken?.knots ?? []) known.set(knot, valueOfRecord(record));
    const now = Date.now();
    const execution = this.execution(now, now, 0);
    return await reuse(
      { environment: this.environment, plan, graph, execution, isUnderWay: false },
      known,
      graph.layout.ids.keys(),
    );
  }

  /** Ends the record of a run whose first segment was all that there was to do. */
  private async answerOf(
    layout: Layout,
    plan: string,
    parameters: readonly Envelope[],
    { values }: SegmentAnswer,
  ): Promise<RunAnswer> {
    const { runId } = Context.current().info.workflowExecution!;
    const status = 'succeeded';
    const counts = { ok: layout.size, err: 0, skipped: 0 };
    const record = (await this.endRun(runId, { status, counts }))!;
    const terminals = inlineTerminals(layout, (knot) => {
      const envelope = parameters[knot] ?? values[layout.ids[knot]!];
      return envelope && { envelope, bytes: Buffer.byteLength(JSON.stringify(envelope)) };
    });
    return { status, counts, plan, record, terminals };
  }

  /** @param isBegun whether this step was taken before: what it had begun then was lost with its worker, or is still under way here */
  private async beginSegment(
    plan: LoadedPlan,
    task: ResolvedSegment,
    isBegun: boolean,
  ): Promise<BegunSegment> {
    const { begunSegments } = this.environment;
    const size = task.knots.length;
    if (!begunSegments.has(task.recordRun)) {
      if (isBegun) return { size, lost: true };
      const attempt = new SegmentAttempt(Context.current(), task);
      begunSegments.begin(task, new SegmentRun(this.environment, attempt, plan));
    }
    const answer = await begunSegments.soon(task.recordRun);
    return { size, ...(answer && { answer }) };
  }

  async layout(request: LayoutRequest): Promise<{ slices: number; layout: string }> {
    const { plan, terminals, since } = request;
    const slices = await this.environment.plans.layoutSlices(plan, terminals, since);
    return { slices: slices.length, layout: slices[request.slice]! };
  }

  /** Makes the plan that has what a fragment brings, saves it, and records that the run has it. */
  async extend({ plan: hash, fragment, terminals, run, by }: ExtendRequest): Promise<ExtendResult> {
    const { plans, backends, sha256 } = this.environment;
    const { plan } = await plans.get(hash);
    if (isExtendedBy(plan, fragment)) return { plan: hash, slices: 0, layout: '' };
    const given = await this.readFragment(fragment);
    // What a body said was checked by the worker that ran it; this one may have other definitions, as in the middle of a deploy.
    const resolved = by === undefined ? this.resolve(given) : given;
    const extended = extend(plan, resolved, { hash: fragment, sha256, ...(terminals && { terminals }) });
    plans.add(extended);
    const slices = await plans.layoutSlices(extended.hash, terminals, hash);
    await backends.tapestryStore.save({
      hash: extended.hash,
      tapestry: plan.tapestry,
      text: extended.text,
      savedAt: Date.now(),
    });
    await this.recordExtension(run, new LoadedPlan(extended.plan, extended.hash), terminals);
    return { plan: extended.hash, slices: slices.length, layout: slices[0] ?? '' };
  }

  private async readFragment(hash: string): Promise<Fragment> {
    const { dataStore } = this.environment.backends;
    const bytes = await dataStore.get(hash);
    if (bytes) return decodeFragment(bytes);
    throw new SelvageError(
      'ValueMissing',
      `The fragment ${hash} is not in the data store (${dataStore.technology}). Whoever extends the run puts it there: this worker looks at ` +
        'another data store: compare their SELVAGE_DATA (`selvage doctor` shows it).',
      { details: { hash } },
    );
  }

  private resolve(fragment: Fragment): Fragment {
    const { registry, codeHashes } = this.environment;
    return resolveDefinitions(fragment, (name, version) => {
      const definition = registry.registered(name, version);
      return definition && { codeHash: codeHashes.of(definition), receives: definition.receives };
    });
  }

  /** A run's record names the plan that it has, and what it was started with: another start may ask for the same. */
  private async recordExtension(
    run: string,
    plan: LoadedPlan,
    terminals: readonly string[] | undefined,
  ): Promise<void> {
    const { runHistory } = this.environment.backends;
    const record = await runHistory.getRunByTemporalId(run);
    // A reset run has none until it ends.
    if (!record) return;
    const { started_with = { plan: record.plan_hash, terminals: record.terminals } } = record.environment;
    await runHistory.changeRun(run, {
      plan_hash: plan.hash,
      terminals: plan.terminals(terminals),
      environment: { started_with },
    });
  }

  /** What others have made for knots that are ready, and below them. */
  async lookUp(request: LookupRequest): Promise<LookupResult> {
    const { environment } = this;
    const plan = await environment.plans.get(request.plan);
    const graph = await environment.plans.layout(request.plan, request.terminals);
    const now = Date.now();
    const execution = { ...this.execution(now, now, 0), temporalRunId: request.run };
    const found = await reuse(
      { environment, plan, graph, execution, isUnderWay: true },
      new Map(),
      unpackRanges(request.knots),
    );
    return { found: packRanges(found) };
  }

  /** Records the knots that no activity recorded; the last chunk also ends the run record. */
  async settle(request: SettleRequest): Promise<SettleResult> {
    const plan = await this.environment.plans.get(request.plan);
    const standing = await this.recordUnrun(plan, request);
    const said = standing && { standing };
    if (!request.last) return { ...said };
    const end = { ...request, counts: sumOf(request.counts, standing) };
    const record = await this.endRun(request.run, end);
    if (record !== undefined) return { ...said, record };
    await this.recordReset(plan, request);
    return { ...said, record: await this.endRun(request.run, end) };
  }

  /** Answers the hash of the ended run record; undefined where there is none of the run. */
  private async endRun(
    run: string,
    { status, counts, error, signals }: Pick<SettleRequest, 'status' | 'counts' | 'error' | 'signals'>,
  ): Promise<string | undefined> {
    const { runHistory } = this.environment.backends;
    const ended = {
      status,
      finished_at: Date.now(),
      environment: { counts, ...(error && { error }), ...(signals && { signals }) },
    };
    if (!(await runHistory.endRun(run, ended))) return undefined;
    const record = await runHistory.getRunByTemporalId(run);
    this.tellEnd(record);
    return hashJson(record as unknown as Json, this.environment.sha256);
  }

  private tellEnd(record: RunRecord | undefined): void {
    if (!record) return;
    const { run_id: run, tapestry, status, started_at: from, finished_at: until } = record;
    const milliseconds = Math.max(0, (until ?? from) - from);
    const about = { run, tapestry, status, milliseconds };
    this.environment.logger?.info(about, `Run ${run} of ${tapestry} ended: ${status}`);
  }

  /** A reset run replays its first step and so never recorded itself, nor what its history has of before the reset. */
  private async recordReset(plan: LoadedPlan, request: SettleRequest): Promise<void> {
    const { runHistory } = this.environment.backends;
    const { workflowId } = Context.current().info.workflowExecution!;
    const layout = decodeLayout(await this.environment.plans.layoutSlices(request.plan, request.terminals));
    const present = new Set((await runHistory.getRecords(request.run)).map((record) => record.knot_id));
    const missing = layout.ids.filter((id) => !present.has(id));
    const earlier = await recordsBeforeReset(runHistory, workflowId, missing);
    await runHistory.commit(
      earlier.map((record) => ({
        ...record,
        temporal_run_id: request.run,
        extra: { ...record.extra, reset_from: record.temporal_run_id },
      })),
    );
    const hashes = earlier
      .filter((record) => record.knot_id.startsWith('param:') && record.output_hash !== null)
      .map((record) => [record.knot_id.slice('param:'.length), record.output_hash!] as const);
    await runHistory.startRun(this.runRecord(plan, request, Object.fromEntries(hashes)));
  }

  private async savePlan(tapestry: TapestryRecord, hash: string): Promise<void> {
    const { registry, backends } = this.environment;
    if (registry.plan(tapestry).hash !== hash || this.saved.has(hash)) return;
    // What it runs is pinned with it. The last one is its own, so that a plan is never there without those that it names.
    for (const saved of [...withNested(tapestry)].reverse()) {
      const plan = registry.plan(saved);
      if (this.saved.has(plan.hash)) continue;
      await backends.tapestryStore.save({
        hash: plan.hash,
        tapestry: saved.name,
        text: plan.text,
        savedAt: Date.now(),
      });
      this.saved.add(plan.hash);
    }
  }

  /** A run whose parameters are refused is on record all the same, as failed. */
  private async acceptParameters(
    tapestry: TapestryRecord,
    plan: LoadedPlan,
    wanted: readonly string[],
    request: PinRequest,
  ): Promise<AcceptedParameters> {
    const { backends, digest } = this.environment;
    try {
      const given = await decodeParameters(backends.dataStore, request.parameters);
      const accepted = await validateParameters(tapestry, given, wanted);
      const stored = [...referencesIn(request.parameters).values()].map(({ hash }) => hash);
      if (stored.length > 0) await backends.dataStore.keep(stored);
      return {
        values: wanted.map((id) => encodeOutput(accepted.get(id.slice('param:'.length)), digest)),
        stored: new Set(stored),
        ...(request.parentKnot !== undefined && { hash: hashJson(encodeJson(given), digest) }),
      };
    } catch (error) {
      if (!SelvageError.is(error) || !REFUSED_PARAMETERS.includes(error.code)) throw error;
      const { runHistory } = this.environment.backends;
      const run = this.runRecord(plan, request, {});
      await runHistory.startRun(run);
      await runHistory.endRun(run.temporal_run_id, {
        status: 'failed',
        finished_at: Date.now(),
        environment: { error: { type: error.code, message: error.message } },
      });
      this.tellEnd(await runHistory.getRunByTemporalId(run.temporal_run_id));
      throw error;
    }
  }

  private async recordParameters(
    plan: LoadedPlan,
    ids: readonly string[],
    { values, stored }: AcceptedParameters,
  ): Promise<{ envelope: Envelope; hash: string }[]> {
    if (ids.length === 0) return [];
    const now = Date.now();
    const execution = this.execution(now, now, 1);
    const commits = ids.map((id, index): Commit => {
      const value = values[index]!;
      const record = lineageRecord(plan, plan.knot(id), execution, { kind: 'ok', value }, () => null, null);
      return { record, values: stored.has(value.hash) ? [] : storedValues(value) };
    });
    const results = await this.environment.backends.commit(commits);
    return results.map(({ record, inserted }, index) => {
      const value = values[index]!;
      // A schema that reads the clock gives another value at a second try; the first one, which is recorded, stands.
      if (inserted || record.output_hash === value.hash) {
        return { envelope: envelopeOf(value, this.environment.inlineLimit), hash: value.hash };
      }
      const envelope = valueOfRecord(record);
      return { envelope, hash: envelope.hash };
    });
  }

  /** Answers by how much what stands differs from what was to be recorded. */
  private async recordUnrun(plan: LoadedPlan, request: SettleRequest): Promise<RunCounts | undefined> {
    const { workflowId } = Context.current().info.workflowExecution!;
    const outcomes = new Map<string, OutcomeToRecord>();
    for (const { knot, message, type } of request.failed) {
      const error = unrunError(workflowId, { knot, type, message }, this.environment.sha256);
      outcomes.set(knot, { kind: 'err', error });
    }
    for (const { knot, reason, ...which } of request.skipped) {
      const detail =
        reason === 'parent_failed_or_skipped' ? { ...skipDetail(plan, plan.knot(knot), which) } : undefined;
      outcomes.set(knot, { kind: 'skipped', reason, ...(detail && { detail }) });
    }
    if (outcomes.size === 0) return undefined;
    const { backends } = this.environment;
    const parentIds = new Set<string>();
    for (const id of outcomes.keys()) {
      for (const input of Object.values(plan.knot(id).inputs)) {
        if ('parent' in input) parentIds.add(plan.parentId(input.parent));
      }
    }
    const parents =
      parentIds.size > 0 ? await backends.runHistory.getRecords(request.run, [...parentIds]) : [];
    const hashes = new Map(parents.map((record) => [record.knot_id, record.output_hash]));
    const now = Date.now();
    const execution = { ...this.execution(now, now, 0), temporalRunId: request.run };
    const results = await backends.commit(
      [...outcomes].map(([id, outcome]) => ({
        record: lineageRecord(
          plan,
          plan.knot(id),
          execution,
          outcome,
          (parent) => hashes.get(plan.parentId(parent)) ?? null,
          null,
        ),
        values: [],
      })),
    );
    const standing = { ok: 0, err: 0, skipped: 0 };
    for (const { record } of results) {
      const { kind } = outcomes.get(record.knot_id)!;
      if (record.outcome === kind) continue;
      standing[kind] -= 1;
      standing[record.outcome] += 1;
    }
    return Object.values(standing).some((more) => more !== 0) ? standing : undefined;
  }

  private execution(scheduledAt: number, now: number, attempt: number): Execution {
    const { workflowExecution } = Context.current().info;
    return {
      runId: workflowExecution!.workflowId,
      temporalRunId: workflowExecution!.runId,
      dispatcher: 'workflow',
      taskQueue: null,
      worker: this.environment.identity,
      attempt,
      scheduledAt,
      startedAt: now,
      finishedAt: now,
    };
  }

  private runRecord(
    plan: LoadedPlan,
    said: RunMemo & { run?: string; parameters?: unknown },
    parameterHashes: Record<string, string>,
  ): RunRecord {
    const { workflowExecution, workflowType, scheduledTimestampMs } = Context.current().info;
    const digestTag = currentScope()?.digest?.tag;
    return {
      run_id: workflowExecution!.workflowId,
      temporal_run_id: said.run ?? workflowExecution!.runId,
      tapestry: workflowType!,
      plan_hash: plan.hash,
      parameter_hashes: parameterHashes,
      terminals: plan.terminals(said.terminals),
      status: 'running' satisfies RunStatus,
      actor: said.actor ?? null,
      trigger: said.trigger ?? 'temporal',
      tags: [...(said.tags ?? [])],
      vcs_commit: said.vcsCommit ?? null,
      parent_run_id: said.parentRunId ?? null,
      started_at: scheduledTimestampMs,
      finished_at: null,
      environment: {
        selvage: VERSION,
        inline_limit: this.environment.inlineLimit,
        node: process.version,
        platform: process.platform,
        ...(this.environment.server && { server: this.environment.server }),
        ...givenByReference(said),
        // Tells whether another start under this run id asks for the same work.
        ...(said.parametersHash && { parameters_hash: said.parametersHash }),
        ...(said.deadline !== undefined && { deadline: said.deadline }),
        ...(said.parentKnot !== undefined && { parent_knot: said.parentKnot }),
        ...(said.parentTemporalRun !== undefined && { parent_temporal_run_id: said.parentTemporalRun }),
        ...(said.subject !== undefined && { subject: said.subject }),
        ...(digestTag !== undefined && { digest_key: digestTag }),
        ...(said.reuse === false && { reuse: false }),
        ...(said.resume && { resumed_from: said.resume.run }),
        ...(said.resume?.from && { run_again: said.resume.from }),
      },
    };
  }
}

/** All of them are in one event, which must stay well below what the server takes. */
function inlineUpToLimit(envelopes: readonly Envelope[]): (Envelope | null)[] {
  let bytes = 0;
  return envelopes.map((envelope) => {
    bytes += Buffer.byteLength(JSON.stringify(envelope));
    return bytes > PARAMETER_BYTES_INLINE ? null : envelope;
  });
}

/** What a client has put for the run: beside what the schemas have made of it, it stays. What a knot has given to a run of its own is a value of that knot. */
function givenByReference({ parameters, parentKnot }: RunMemo & { parameters?: unknown }): {
  given_parameters?: string[];
} {
  const given = parentKnot === undefined ? [...referencesIn(parameters).values()] : [];
  return given.length > 0 ? { given_parameters: given.map(({ hash }) => hash) } : {};
}

function inlineLimitDiffers(wanted: number, own: number): SelvageError {
  return new SelvageError(
    'InlineLimitDiffers',
    `Who started this run wants no value of more than ${wanted} bytes in its history, and this worker (inlineLimit ${own}) would put some there. ` +
      'The run waits for a worker with that limit: set SELVAGE_INLINE_LIMIT to the same for both.',
    { details: { wanted, own } },
  );
}

function unknownTapestry(name: string, known: readonly string[]): SelvageError {
  return new SelvageError(
    'UnknownTapestry',
    `This worker has not registered a tapestry "${name}" (it has: ${known.join(', ') || 'none'}). The run waits until a worker ` +
      'that has it polls this task queue.',
    { details: { tapestry: name } },
  );
}
