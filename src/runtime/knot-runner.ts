/* eslint-disable max-lines -- the life of a knot is one sequence, read from its beginning to its end */
import { DEFAULT_CANCEL_GRACE_MS, LOST_WORKERS, type PlanKnot } from '../plan';
import { BodyExtension, withExtension, type AcceptedExtension } from './body-extension';
import { BodyLog, withLog } from './body-log';
import { assembleInputs } from './inputs';
import { cacheKeyOf, valueOfRecord } from './cache-key';
import {
  callsBody,
  needsNoInputs,
  outcomeOfResult,
  pathRecords,
  withReadInputs,
  type KnotOutcomeToRecord,
} from './node-outcome';
import { describeError } from './exception-record';
import { isElement } from './element-knots';
import {
  lineageRecord,
  reusedRecord,
  withHost,
  withPassedOver,
  type Execution,
  type OutcomeToRecord,
} from './lineage';
import { isHeardLive, tellLive } from './live';
import { retryDelay } from './retry';
import { superviseBody } from './supervise-body';
import { workerLost } from './worker-lost';
import { withTrail, type Trail } from './trail';
import { makeRoomForTables } from './table-rows';
import { isTableHash } from '../values';
import type { CachedValue, PassedOver } from './cached-values';
import type { ChildRunRef } from './nested-run';
import type { EncodedValue } from './encoded-value';
import type { Hashing } from './hashing';
import type { LoadedPlan } from './loaded-plan';
import { isOfClass } from '../errors';
import type { DefinitionRecord } from '../authoring/records';
import type { Commit, CommitResult, LineageRecord, StoredValue } from '../ports';
import { BodyContext, type BodySurroundings } from './body-context';
import { HostLost, type BodyHost } from './body-host';
import type { KnotParents } from './knot-parents';

/*
 * The life of a knot, written once: cache → limits → body → outcome → encode → commit → adopt. An activity, a segment's
 * member, a map's element and a run in process differ in their host alone.
 *
 * R1  No record names a value that is not in the data store: a commit puts values first, or in the same
 *     transaction.
 * R2  A knot has at most one record in a run: a commit inserts if absent, and returns the record that stands.
 * R3  Every reported outcome is the recorded one.
 * R4  A throw that will be retried leaves no record.
 * R5  Each attempt gets its own copies of its inputs, and passes on nothing but its return value.
 */

export interface KnotToRun {
  readonly plan: LoadedPlan;
  readonly knot: PlanKnot;
  /** The body; absent if this process lacks it, and can only record a failure. */
  readonly definition?: DefinitionRecord | undefined;
  readonly codeHash: string | null;
  /** Whether another body replaces the definition's own, so that nothing is reused. Default false. */
  readonly isReplaced?: boolean;
  readonly parents: KnotParents;
  /** Start of the knot's work, if before now. Milliseconds since the epoch. */
  readonly since?: number;
  readonly childRun?: ChildRunRef | undefined;
  /** The work of a node that does more than call its function. Default: calls the body with the knot's inputs. */
  conclude?(call: CallBody): Promise<KnotOutcomeToRecord | NextRound>;
}

export type CallBody = (inputs: Record<string, unknown>) => Promise<unknown>;

export interface NextRound {
  readonly next: Record<string, unknown>;
}

export type KnotEnd =
  | {
      readonly kind: 'recorded';
      readonly record: LineageRecord;
      /** The value; absent if the record of another attempt stands. */
      readonly outcome?: OutcomeToRecord | undefined;
      readonly accepted?: AcceptedExtension | undefined;
    }
  /** The knot was stopped or handed back, and has no outcome here. `attempt` is the last attempt, 0 if none began. */
  | { readonly kind: 'left'; readonly attempt: number }
  | ({ readonly kind: 'goesOn' } & NextRound);

export interface MadeValue extends CachedValue {
  /** The value; absent if the host has not read it. */
  readonly value?: EncodedValue;
}

/** Times of an attempt, in milliseconds since the epoch. */
export interface AttemptTimes {
  readonly attempt: number;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** The attempts and waits of one knot, for its record. */
export interface KnotTrail {
  readonly trail: Trail | undefined;
  /** An attempt has thrown, and another one follows. */
  thrown(error: unknown, attempt: AttemptTimes): void;
  /** A thread, process or machine that ran the body has died, and another attempt follows. */
  hostLost(error: HostLost, attempt: AttemptTimes): void;
  waited(code: string, since: number, until: number): void;
}

export interface Throw {
  readonly knot: PlanKnot;
  readonly error: unknown;
  /** Number of throws, including this one. */
  readonly throws: number;
  /** Milliseconds until the next attempt is due. */
  readonly delay: number;
  /** Milliseconds of earlier waits for retries here. */
  readonly waited: number;
  readonly trail: KnotTrail;
}

export interface KnotHost {
  readonly hashing: Hashing;
  readonly surroundings: BodySurroundings;
  readonly callBody: BodyHost;
  /** Aborts bodies; undefined if nothing stops them. */
  readonly cancel: AbortSignal | undefined;
  /** Whether each body has its own grace after a cancel. Otherwise the host ends all bodies after the longest grace. */
  readonly watchesGrace: boolean;
  readonly firstAttempt: number;
  /** Number of earlier throws elsewhere. */
  readonly thrownBefore: number;
  /** The host's clock: milliseconds since the epoch, never going back. */
  now(): number;
  execution(attempt: number, startedAt: number, finishedAt: number): Execution;
  trail(): KnotTrail;
  /** Whether no knot may begin or be retried. */
  isStopped(): boolean;
  /** Whether nothing may be recorded any more. */
  isOver(): boolean;
  /** Looks for a value made by another knot. Absent: the host does not reuse values. */
  findMade?: ((knot: PlanKnot, cacheKey: string) => Promise<MadeValue>) | undefined;
  /** Runs `make` while nobody else makes the value of this key. Absent: several knots may make that value at once. */
  makeAlone?<T>(knot: PlanKnot, cacheKey: string, make: () => Promise<T>): Promise<T>;
  /** Runs an attempt with its commit when the limits of its knot allow it. Absent: no limited knot comes here. */
  limited?<T>(knot: PlanKnot, attempt: () => Promise<T>, trail: KnotTrail, since: number): Promise<T>;
  /** Notifies the observers of a call. Absent: the host's caller notifies them. */
  observed?(
    knot: PlanKnot,
    definition: DefinitionRecord,
    attempt: number,
    call: () => Promise<unknown>,
  ): Promise<unknown>;
  bodyBegins?(): void;
  /** Checks the extension that a body requested. Absent: no body here can extend its run. */
  accept?(plan: LoadedPlan, extension: BodyExtension): Promise<AcceptedExtension | undefined>;
  /**
   * Decides on an error before the retry policy does. The host may throw another error instead.
   *
   * - `pass`: no verdict on the knot, so the error is rethrown.
   * - `leave`: the knot stays without an outcome.
   * - `lost`: the body's thread or process died, and it is called again, at most three times.
   * - undefined: the body has thrown.
   *
   * @param fromBody false: the inputs could not be read
   */
  classifyError(
    knot: PlanKnot,
    error: unknown,
    fromBody: boolean,
    trail: KnotTrail,
  ): 'pass' | 'leave' | 'lost' | undefined;
  /** Waits for the next attempt, or leaves the knot to others. The host may throw instead, to let the server wait. */
  retry(thrown: Throw): Promise<'retry' | 'leave'>;
  /** Returns the standing record. @param values of the outcome alone; the commit also has the body's log */
  commit(
    knot: PlanKnot,
    commit: Commit,
    outcome: OutcomeToRecord,
    values: readonly StoredValue[],
  ): Promise<CommitResult>;
}

export class KnotRunner {
  constructor(readonly host: KnotHost) {}

  /** @throws errors that are no verdict on the knot: troubles of backends, and errors of the host */
  run(knot: KnotToRun): Promise<KnotEnd> {
    return new KnotLife(this.host, knot).run();
  }

  /**
   * Runs a map, which has no body of its own. @throws as {@link run}
   *
   * @param make undefined: its elements have not all ended
   */
  async conclude(knot: KnotToRun, make: () => Promise<KnotOutcomeToRecord | undefined>): Promise<KnotEnd> {
    return await new KnotLife(this.host, knot).conclude(make);
  }

  async fail(knot: KnotToRun, error: unknown): Promise<KnotEnd> {
    return await new KnotLife(this.host, knot).fail(error, this.host.firstAttempt);
  }

  /** Records the paths of a branch, before anything below them starts. Idempotent. */
  async recordPaths(
    plan: LoadedPlan,
    branch: LineageRecord,
    parents: KnotParents,
    tags: readonly string[],
  ): Promise<void> {
    const { host } = this;
    const now = host.now();
    const records = pathRecords(plan, branch, parents, tags, host.execution(branch.attempt, now, now));
    const skipped: OutcomeToRecord = { kind: 'skipped', reason: 'branch_not_selected' };
    const path = ({ knot_id }: LineageRecord): PlanKnot => plan.knot(knot_id);
    await Promise.all(
      records.map((record) => host.commit(path(record), { record, values: [] }, skipped, [])),
    );
  }
}

export function isLimited(knot: PlanKnot): boolean {
  const { maxConcurrent, ratePerSecond } = knot.policy;
  return callsBody(knot) && (maxConcurrent !== undefined || ratePerSecond !== undefined);
}

class KnotLife {
  private readonly startedAt: number;
  private readonly cacheKey: string | undefined;
  private readonly trail: KnotTrail;
  private passedOver: PassedOver | undefined;
  private calledBy: string | undefined;

  constructor(
    private readonly host: KnotHost,
    private readonly subject: KnotToRun,
  ) {
    this.startedAt = subject.since ?? host.now();
    this.cacheKey = this.keyOf();
    this.trail = host.trail();
  }

  /** Takes the value of another knot, waiting for one that is making it; else makes it. */
  run(): Promise<KnotEnd> {
    const { host, cacheKey } = this;
    return cacheKey === undefined || !host.findMade ? this.make() : this.unlessMade(cacheKey);
  }

  private async unlessMade(cacheKey: string): Promise<KnotEnd> {
    const { host } = this;
    const made = await this.takeMade(cacheKey);
    if (made || !host.makeAlone) return made ?? (await this.make());
    return await host.makeAlone(
      this.subject.knot,
      cacheKey,
      // Another process that was making the value may be done.
      async () => (await this.takeMade(cacheKey)) ?? (await this.make()),
    );
  }

  async conclude(make: () => Promise<KnotOutcomeToRecord | undefined>): Promise<KnotEnd> {
    const { host, subject } = this;
    const attempt = host.firstAttempt;
    let end: KnotOutcomeToRecord | undefined;
    try {
      end = await make();
    } catch (error) {
      // A retry cannot help a map: its lists are wrong, or its value is too long.
      if (isOfClass(error, 'input')) return host.isOver() ? left(attempt) : await this.fail(error, attempt);
      if (host.classifyError(subject.knot, error, false, this.trail) === 'leave') return left(attempt);
      throw error;
    }
    if (!end || host.isOver()) return left(attempt);
    this.calledBy = subject.knot.policy.host;
    return await this.commit(end.outcome, end.values, attempt);
  }

  async fail(error: unknown, attempt: number, log?: BodyLog): Promise<KnotEnd> {
    const { host, subject } = this;
    const { runId } = host.surroundings;
    const { record, values } = describeError(
      error,
      { runId, knotId: subject.knot.id, attempt },
      host.hashing,
    );
    return await this.commit({ kind: 'err', error: record }, values, attempt, log);
  }

  private async takeMade(cacheKey: string): Promise<KnotEnd | undefined> {
    const { host } = this;
    const { plan, knot, parents } = this.subject;
    const { record: made, value, passedOver } = await host.findMade!(knot, cacheKey);
    this.passedOver = passedOver;
    // A cancel may have come meanwhile.
    if (host.isStopped()) return left(0);
    if (!made) return undefined;
    const now = host.now();
    const hashOf = (parent: number, input: string): string | null => parents.hashOf(parent, input);
    const record = reusedRecord(plan, knot, host.execution(0, now, now), made, hashOf);
    const outcome: OutcomeToRecord = { kind: 'ok', value: value ?? valueOfRecord(made) };
    const committed = await host.commit(knot, { record, values: [] }, outcome, []);
    return { kind: 'recorded', record: committed.record, outcome: committed.inserted ? outcome : undefined };
  }

  /** Makes attempts, each under the limits of the knot, until one has an outcome. */
  private async make(): Promise<KnotEnd> {
    const { host, subject, trail } = this;
    const { knot } = subject;
    let waited = 0;
    let lost = 0;
    let throws = host.thrownBefore + 1;
    for (let attempt = host.firstAttempt; ; attempt++) {
      const begunAt = attempt === host.firstAttempt ? this.startedAt : host.now();
      const end = isLimited(knot)
        ? await this.limited(() => this.attempt(attempt, throws, begunAt))
        : await this.attempt(attempt, throws, begunAt);
      if (end.kind === 'lost') {
        lost += 1;
        if (lost === LOST_WORKERS) return await this.fail(workerLost(knot, lost, end.error.message), attempt);
        continue;
      }
      if (end.kind !== 'thrown') return end;
      throws += 1;
      const { error, delay } = end;
      const endedAt = host.now();
      trail.thrown(error, { attempt, startedAt: begunAt, endedAt });
      if ((await host.retry({ knot, error, throws, delay, waited, trail })) === 'leave') return left(attempt);
      waited += delay;
      trail.waited('Retry', endedAt, host.now());
    }
  }

  private async limited(once: () => Promise<AttemptEnd>): Promise<AttemptEnd> {
    const { host, subject, trail, startedAt } = this;
    if (!host.limited) return await once();
    try {
      return await host.limited(subject.knot, once, trail, startedAt);
    } catch (error) {
      if (host.isStopped()) return left(0);
      throw error;
    }
  }

  private async attempt(attempt: number, throws: number, begunAt: number): Promise<AttemptEnd> {
    const { host, subject } = this;
    const { plan, knot } = subject;
    const log = knot.policy.logs === false ? undefined : new BodyLog();
    const extension = isElement(knot) ? BodyExtension.none(knot) : new BodyExtension(plan, knot);
    let end: KnotOutcomeToRecord | NextRound;
    let accepted: AcceptedExtension | undefined;
    let isBody = false;
    try {
      const callsItself = !subject.conclude && !needsNoInputs(knot);
      const reading = callsItself ? this.inputs() : undefined;
      const inputs = reading instanceof Promise ? await reading : reading;
      // A cancel may have come meanwhile, also by a body that was started just before.
      if (host.isStopped()) return left(attempt - 1);
      isBody = true;
      host.bodyBegins?.();
      if (subject.conclude) {
        end = await subject.conclude((given) => this.call(given, attempt, extension, log));
      } else {
        const result = inputs && (await this.call(inputs, attempt, extension, log));
        end = outcomeOfResult(plan, knot, result, subject.parents, host.hashing.digest);
      }
      extension.close();
      if (!extension.isEmpty && !('next' in end)) {
        accepted = await host.accept?.(plan, extension);
        if (accepted) end = withExtension(end, accepted);
      }
    } catch (error) {
      extension.close();
      if (error instanceof HostLost)
        this.trail.hostLost(error, { attempt, startedAt: begunAt, endedAt: host.now() });
      const classified = host.classifyError(knot, error, isBody, this.trail);
      if (classified === 'leave') return left(attempt);
      if (classified === 'pass') throw error;
      if (classified === 'lost') return { kind: 'lost', error: error as HostLost };
      const delay = retryDelay(knot.policy.retry, throws, error);
      if (delay !== undefined) return { kind: 'thrown', error, delay };
      return await this.fail(error, attempt, log);
    }
    if ('next' in end) return { kind: 'goesOn', next: end.next };
    if (host.isOver()) return left(attempt);
    return await this.commit(end.outcome, end.values, attempt, log, accepted);
  }

  private inputs(): Record<string, unknown> | Promise<Record<string, unknown>> {
    const { knot, definition, parents } = this.subject;
    const { receives } = definition!;
    const wanted = withReadInputs(knot);
    const reader = parents.read(wanted, receives);
    if (!(reader instanceof Promise)) return assembleInputs(wanted, receives, reader);
    return reader.then((read) => assembleInputs(wanted, receives, read));
  }

  /** Calls the body under its timeout and the cancel of its host. */
  private call(
    inputs: Record<string, unknown>,
    attempt: number,
    extension: BodyExtension,
    log: BodyLog | undefined,
  ): Promise<unknown> {
    const { host, subject } = this;
    const { knot } = subject;
    const definition = subject.definition!;
    const { timeout, cancelGrace = DEFAULT_CANCEL_GRACE_MS } = knot.policy;
    this.calledBy = knot.policy.host;
    const { cancel } = host;
    const progress = isHeardLive()
      ? (details: unknown) => this.tell({ type: 'knot-progress', details }, attempt)
      : undefined;
    const call = (signalOf: (() => AbortSignal) | undefined, begins?: () => void): Promise<unknown> =>
      host.callBody({
        definition,
        policy: knot.policy,
        inputs,
        begins,
        context: new BodyContext(host.surroundings, knot.id, attempt, signalOf, extension, log, progress),
      });
    const watched = (): Promise<unknown> =>
      timeout === undefined && !host.watchesGrace
        ? call(cancel && (() => cancel))
        : superviseBody(call, {
            knotId: knot.id,
            cancel,
            cancelGrace,
            timeout,
            beginsLate: knot.policy.host !== undefined,
          });
    if (isHeardLive()) this.tell({ type: 'knot-started' }, attempt);
    const { surroundings } = host;
    const traced = surroundings.traced ? () => surroundings.traced!(knot.id, attempt, watched) : watched;
    return host.observed ? host.observed(knot, definition, attempt, traced) : traced();
  }

  private tell(
    what: { type: 'knot-started' } | { type: 'knot-progress'; details: unknown },
    attempt: number,
  ): void {
    const { plan, knot } = this.subject;
    const { runId, temporalRunId } = this.host.surroundings;
    const { tapestry } = plan.plan;
    tellLive({ ...what, runId, temporalRunId, tapestry, knotId: knot.id, attempt, at: this.host.now() });
  }

  private commit(
    outcome: OutcomeToRecord,
    values: readonly StoredValue[],
    attempt: number,
    log?: BodyLog,
    accepted?: AcceptedExtension,
  ): Promise<KnotEnd> {
    const { host } = this;
    const { plan, knot, codeHash, parents, childRun } = this.subject;
    const told = childRun && outcome.kind !== 'skipped' ? { ...outcome, childRun } : outcome;
    const made = lineageRecord(
      plan,
      knot,
      host.execution(attempt, this.startedAt, host.now()),
      told,
      (parent, input) => parents.hashOf(parent, input),
      codeHash,
      this.cacheKey ?? null,
    );
    const kept = log?.store(host.hashing.digest);
    const whole = withHost(withPassedOver(made, this.passedOver), this.calledBy);
    const record = withTrail(withLog(whole, kept?.log), this.trail.trail);
    const commit = { record, values: kept ? [...values, ...kept.values] : values };
    const { dataStore } = host.surroundings;
    const put = (): Promise<CommitResult> => host.commit(knot, commit, told, values);
    const tables = values.filter(({ hash }) => isTableHash(hash));
    const stored = tables.length > 0 ? makeRoomForTables(dataStore, tables).then(put) : put();
    return stored.then(({ inserted, record: stands }) => ({
      kind: 'recorded',
      record: stands,
      outcome: inserted ? told : undefined,
      accepted,
    }));
  }

  private keyOf(): string | undefined {
    if (!this.subject.knot.policy.cache) return undefined;
    const { plan, knot, definition, codeHash, isReplaced, parents } = this.subject;
    if (isReplaced || !definition || codeHash === null) return undefined;
    const identityOf: KnotParents['identityOf'] = (parent, input) => parents.identityOf(parent, input);
    return cacheKeyOf(plan, knot, { definition, codeHash }, identityOf, this.host.hashing.digest);
  }
}

type AttemptEnd = KnotEnd | Thrown | { readonly kind: 'lost'; readonly error: HostLost };

interface Thrown {
  readonly kind: 'thrown';
  readonly error: unknown;
  readonly delay: number;
}

function left(attempt: number): KnotEnd {
  return { kind: 'left', attempt };
}
