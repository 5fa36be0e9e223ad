import { setMaxListeners } from 'node:events';
import {
  isOwnSkip,
  packEnds,
  type Envelope,
  type KnotOutcome,
  type MemberEnd,
  type OwnSkipReason,
} from '../scheduler';
import { type PlanKnot, DEFAULT_CANCEL_GRACE_MS } from '../plan';
import { SelvageError, messageText } from '../errors';
import {
  envelopeOf,
  failedOutcomeOf,
  isElement,
  startTimer,
  type EncodedValue,
  type LoadedPlan,
  type OutcomeToRecord,
  KnotRunner,
  LayoutRun,
  ValueReader,
  valueOfEnvelope,
  type KnotEnd,
} from '../runtime';
import type { ExceptionRecord, LineageRecord, StoredValue } from '../ports';
import type { HandedBack, KnotFailure, SegmentAnswer } from '../workflows/messages';
import { envelopeOfRecord } from './adopt';
import { bodySurroundings, type BodyParts } from './body-surroundings';
import type { SegmentAttempt } from './attempts';
import { referenceOf } from './parents';
import { presentBody } from './present-body';
import { composeRecorded } from './recorded-elements';
import { requiredRecordsOf } from './records-lost';
import type { RecordSources } from './reset-runs';
import { segmentGraph, type SegmentGraph } from './segment-graph';
import { SharedHost, type SharedActivity, type SharedParts } from './shared-host';
import type { Uses } from './worker-parts';

export type SegmentParts = SharedParts &
  BodyParts &
  RecordSources &
  Uses<'codeHashes' | 'counts' | 'inlineLimit' | 'recentValues' | 'registry' | 'segmentLimits'>;

/** Our interceptor has already made the attempt from its input. */
export async function runSegment(
  environment: SegmentParts & Uses<'begunSegments' | 'plans'>,
  attempt: SegmentAttempt,
): Promise<SegmentAnswer> {
  const begun = environment.begunSegments.takeOver(attempt);
  if (begun) return await begun;
  const plan = await environment.plans.get(attempt.task.plan);
  return await new SegmentRun(environment, attempt, plan).execute();
}

const ANSWER_VALUE_BYTES = 64 * 1024;
const LISTED_FAILURES = 20;
const MESSAGE_LENGTH = 500;
/** Handed-back elements whose throws are reported, at most; other elements' next attempts count as the first. */
const TOLD_ELEMENTS = 500;

/**
 * One attempt at a segment: the scheduler of runs, over the segment's knots alone.
 *
 * G1 A knot's body is called once the records of all its parents are durable. Parents that did not run are an exception
 * to G1: the interpreter decides them in the same way, and records them after the segment. A knot's own record is
 * written before its children start: a segment is a group of durable knots, not one durable step.
 * G2 A knot with a record is adopted and its body not called: a later attempt reads all records before it starts.
 * G3 After a lost worker nothing is run. Knots that were running have no record after that, while all their parents
 * have one. Such knots run individually from then on, so that a body that kills its worker takes no others down.
 * G4 A segment's answer repeats the records. Knots without a record are handed back, and the interpreter decides on
 * them.
 */
export class SegmentRun extends LayoutRun implements SharedActivity {
  readonly dispatcher = 'local';
  isHeld = false;
  isOver = false;
  protected readonly runner: KnotRunner;
  protected readonly values: ValueReader;
  protected readonly graph: SegmentGraph;
  /** Aborts the bodies. One abort signal serves all members: any number of bodies may listen to it. */
  private readonly stopping = new AbortController();
  private readonly begun = performance.now();
  private recorded: ReadonlyMap<string, LineageRecord> = new Map();
  /** Indexes in the layout of knots that run individually from now on. */
  private readonly alone = new Set<number>();
  /** The choices of branches, and the skip reasons from knots' own functions, by the knot's id. */
  private readonly choices = new Map<string, string>();
  private readonly ownSkips = new Map<string, OwnSkipReason>();
  /** Ids of the members and of their branches' other paths in the run. */
  private readonly paths: ReadonlySet<string>;
  /** Indexes in the layout of members that failed by their parents, which the interpreter decides and records. */
  private readonly unrunErrors = new Set<number>();
  private readonly handedBack = new Map<string, HandedBack>();
  private readonly elementsBack = new Map<string, (readonly [number, HandedBack])[]>();
  private readonly failures: KnotFailure[] = [];
  private readonly running = new Set<number>();
  private valueBytes = 0;
  /** Makes the server retry the whole attempt. */
  private refusal: Error | undefined;
  private endNow!: () => void;
  private readonly onCancel = (): void => this.cancel();
  private settledCount = 0;
  private hasOutsideChildren: boolean | undefined;

  constructor(
    private readonly environment: SegmentParts,
    public attempt: SegmentAttempt,
    readonly plan: LoadedPlan,
  ) {
    const graph = segmentGraph(plan, attempt.task);
    const { layout } = graph;
    // After a lost worker the scheduler only finds out which knots may have been running, so it must reach all of them.
    super(layout, attempt.lost > 0 ? Math.max(1, layout.size) : environment.segmentLimits.concurrency, false);
    this.graph = graph;
    this.paths = new Set([...attempt.task.knots, ...(attempt.task.paths ?? [])]);
    this.values = new ValueReader(environment);
    const surroundings = bodySurroundings(environment, attempt.context, attempt.task);
    this.runner = new KnotRunner(new SharedHost(environment, this, surroundings));
    setMaxListeners(0, this.stop);
  }

  get stop(): AbortSignal {
    return this.stopping.signal;
  }

  get mayReuse(): boolean {
    return this.attempt.task.reuse !== false;
  }

  /** Rejects only if the attempt at the segment is to be retried. */
  async execute(): Promise<SegmentAnswer> {
    const { task } = this.attempt;
    if (this.attempt.number > 1 || task.mayBeRecorded) {
      const { runHistory } = this.environment.backends;
      const records = await runHistory.getRecords(task.temporalRunId, task.knots);
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
      this.environment.counts?.segmentEnded((performance.now() - this.begun) / 1_000, this.settledCount);
    }
    if (this.refusal) throw this.refusal;
    return await this.answer();
  }

  get committedCount(): number {
    return this.settledCount;
  }

  /** Continues a begun segment as this attempt, which may stop it from now on. */
  follow(attempt: SegmentAttempt): void {
    if (this.isOver) return;
    this.ignoreCancel();
    this.attempt = attempt;
    this.heedCancel();
  }

  /** Aborts the bodies and starts nothing more. Bodies that end within their grace are committed. */
  stopWith(reason: Error): void {
    this.hold();
    let grace = 0;
    for (const index of this.running)
      grace = Math.max(grace, this.graph.planKnots[index]!.policy.cancelGrace ?? DEFAULT_CANCEL_GRACE_MS);
    this.stopping.abort(reason);
    const stopTimer = startTimer(grace, this.endNow);
    void this.host.ended.finally(stopTimer).catch(() => undefined);
  }

  handBack(knot: PlanKnot, how: HandedBack): void {
    if (isElement(knot)) {
      const { id } = knot.map;
      if (!this.elementsBack.has(id)) this.elementsBack.set(id, []);
      this.elementsBack.get(id)!.push([knot.position, how]);
      return;
    }
    this.alone.add(this.indexOf(this.plan.indexOf(knot.id)));
    this.handedBack.set(knot.id, how);
  }

  committed(knot: PlanKnot, outcome: OutcomeToRecord, values: readonly StoredValue[]): void {
    this.settledCount += 1;
    // The values of elements are contained in their map's own value.
    if (!isElement(knot)) {
      for (const value of values) {
        this.valueBytes += value.bytes.byteLength;
        if (outcome.kind === 'ok') this.environment.recentValues.add(value);
      }
    }
    const { valueBytes, workingMs } = this.environment.segmentLimits;
    if (this.valueBytes > valueBytes) this.hold();
    else if (!this.isHeld && performance.now() - this.begun > workingMs && this.isAwaited()) this.hold();
  }

  protected indexOf(knot: number): number {
    return this.graph.layoutIndex.get(knot)!;
  }

  protected async runKnot(index: number): Promise<KnotOutcome<EncodedValue> | undefined> {
    const knot = this.graph.planKnots[index]!;
    const recorded = this.recorded.get(knot.id);
    if (recorded) return await this.adoptWithPaths(index, recorded);
    const { environment, attempt } = this;
    // A knot that this worker refuses to run waits in an activity of its own, which reports the reason.
    const { definition } = presentBody(environment, this.plan, knot, attempt.context.info.taskQueue);
    if (attempt.lost > 0 || !definition) {
      this.alone.add(index);
      return undefined;
    }
    if (this.isHeld) return undefined;
    this.running.add(index);
    try {
      const codeHash = environment.codeHashes.of(definition, knot.policy);
      const { plan, parents } = this;
      const subject = { plan, knot, definition, codeHash, parents };
      const isMap = knot.policy.node === 'map';
      const end = isMap ? await this.runSegmentMap(knot, subject) : await this.runner.run(subject);
      return await this.adoptEnd(index, end);
    } catch (error) {
      this.refuse(error);
      return undefined;
    } finally {
      this.running.delete(index);
    }
  }

  /** Tells the outcome only to the knot's children: the interpreter decides and records it again. */
  protected unrun(index: number, outcome: OutcomeToRecord): Promise<void> {
    this.settled[index] = outcome;
    if (outcome.kind === 'err') this.unrunErrors.add(index);
    return Promise.resolve();
  }

  private async runSegmentMap(map: PlanKnot, subject: Parameters<LayoutRun['runMap']>[0]): Promise<KnotEnd> {
    const { environment, attempt } = this;
    const { task } = attempt;
    const end = await this.runMap(subject, {
      mayBeRecorded: attempt.number > 1 || task.mayBeRecorded === true,
      readRecorded: (positions, idAt, composer) =>
        composeRecorded(environment, task.temporalRunId, idAt, positions, composer),
      isHeld: () => this.isHeld,
    });
    const elements = this.elementsBack.get(map.id);
    if (end.kind === 'left' && elements) this.handBack(map, { elements: elements.slice(0, TOLD_ELEMENTS) });
    return end;
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
    const { parents, runId, temporalRunId } = this.attempt.task;
    const ids = layout.ids.slice(0, firstMember);
    const unsaid = ids.filter((id) => !Object.hasOwn(parents, id));
    const records =
      unsaid.length > 0
        ? await requiredRecordsOf(this.environment, runId, temporalRunId, unsaid)
        : new Map<string, LineageRecord>();
    return ids.map((id) =>
      Object.hasOwn(parents, id)
        ? valueOfEnvelope(parents[id]!, this.environment.digest)
        : referenceOf(records.get(id), id),
    );
  }

  private async adoptEnd(index: number, end: KnotEnd): Promise<KnotOutcome<EncodedValue> | undefined> {
    if (end.kind !== 'recorded') return undefined;
    const { outcome, record } = end;
    if (outcome?.kind === 'ok' && outcome.choice === undefined) return outcome;
    return await this.adoptWithPaths(index, record);
  }

  /** Records the paths of a branch before anything downstream of them starts. */
  private async adoptWithPaths(index: number, record: LineageRecord): Promise<KnotOutcome<EncodedValue>> {
    const { choice } = record.extra as { choice?: string };
    if (record.outcome === 'ok' && choice !== undefined) {
      const tags = this.plan
        .pathsOf(this.graph.planKnots[index]!)
        .flatMap((path) => (this.paths.has(path.id) ? [path.policy.path!] : []));
      await this.runner.recordPaths(this.plan, record, this.parents, tags);
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
      this.settled[index] = failedOutcomeOf(record)!;
      return { kind: 'skipped', reason };
    }
    if (record.outcome === 'skipped') {
      throw new SelvageError(
        'WorkerShutdown',
        `Knot "${record.knot_id}" was settled as skipped: this attempt is not wanted any more.`,
      );
    }
    const { error } = record.extra as { error: ExceptionRecord };
    this.settled[index] = failedOutcomeOf(record)!;
    if (this.failures.length < LISTED_FAILURES) {
      this.failures.push({
        knot: record.knot_id,
        type: error.type,
        message: messageText(error.message, MESSAGE_LENGTH),
      });
    }
    return { kind: 'err' };
  }

  /** Whether knots outside may wait for this segment. Reads the whole plan, so it is asked once, and late. */
  private isAwaited(): boolean {
    return (this.hasOutsideChildren ??= this.graph.hasOutsideChildren());
  }

  private hold(): void {
    if (this.isHeld) return;
    this.isHeld = true;
    this.host.apply({ type: 'hold' });
  }

  private refuse(error: unknown): void {
    this.refusal ??= error instanceof Error ? error : new Error(String(error));
    this.hold();
  }

  private cancel(): void {
    if (this.attempt.cancelReason === 'superseded') this.refuse(superseded(this.attempt));
    this.stopWith(this.attempt.context.cancellationSignal.reason as Error);
  }

  private async answer(): Promise<SegmentAnswer> {
    const { layout, firstMember } = this.graph;
    const ends: MemberEnd[] = [];
    for (let index = firstMember; index < layout.size; index++) {
      const kind = this.scheduler.outcomeKind(index);
      if (kind === 'ok' || (kind === 'err' && !this.unrunErrors.has(index))) ends.push(kind);
      else ends.push(this.alone.has(index) ? 'retryAlone' : 'requeue');
    }
    return {
      ends: packEnds(ends),
      values: await this.wantedValues(),
      ...(this.failures.length > 0 && { failures: this.failures }),
      ...(this.choices.size > 0 && { choices: Object.fromEntries(this.choices) }),
      ...(this.ownSkips.size > 0 && { skipped: Object.fromEntries(this.ownSkips) }),
      ...(this.handedBack.size > 0 && { handedBack: Object.fromEntries(this.handedBack) }),
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
      // A branch that runs again after a loss of records may choose a path that has a record as skipped.
      const envelope =
        record?.outcome === 'ok'
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
