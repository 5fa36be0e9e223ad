import { hashText, type Sha256 } from '../canonical';
import {
  Scheduler,
  compile,
  layoutOf,
  type Command,
  type KnotOutcome,
  type Layout,
  type PlanKnot,
} from '../engine';
import { SelvageError } from '../errors';
import {
  LoadedPlan,
  assembleInputs,
  callBody,
  decodeEncoded,
  describeError,
  encodeOutput,
  lineageRecord,
  retryDelay,
  skipDetail,
  storedReference,
  storedValues,
  superviseBody,
  type EncodedValue,
  type Execution,
  type OutcomeToRecord,
} from '../execution';
import type { Logger } from '../model/knot-context';
import type { DefinitionRecord, KnotBody, KnotRecord, TapestryRecord } from '../model/records';
import type { Backends, LineageRecord, RunStatus } from '../protocols';
import { LocalContext, type LocalRun } from './local-context';

/** A run's result and, in the order in which they were committed, its lineage records. */
export interface LocalRunResult {
  readonly runId: string;
  readonly status: RunStatus;
  readonly plan: LoadedPlan;
  readonly layout: Layout;
  readonly settled: readonly OutcomeToRecord[];
  readonly lineage: readonly LineageRecord[];
}

export interface InProcessEnvironment {
  /** Bodies to run in place of those of the definitions, by knot id or definition name. */
  readonly replace?: Readonly<Record<string, KnotBody>>;
  readonly terminals?: readonly string[];
  readonly resources?: Readonly<Record<string, unknown>>;
  readonly logger?: Logger;
  readonly signal?: AbortSignal;
  readonly concurrency?: number;
  readonly runId: string;
  readonly backends: Backends;
  readonly sha256: Sha256;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const DEFAULT_CONCURRENCY = 500;
const DEFAULT_CANCEL_GRACE_MS = 10_000;
const SILENT: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** The in-process side of the engine's host port: commands become promises, their ends become events. */
export class InProcessHost {
  readonly plan: LoadedPlan;
  readonly layout: Layout;
  private readonly scheduler: Scheduler<EncodedValue>;
  private readonly settled: OutcomeToRecord[];
  private readonly lineage: LineageRecord[] = [];
  private readonly layoutIndex: Int32Array;
  private readonly bodies: (KnotBody | undefined)[];
  private readonly codeHashes = new Map<KnotBody, string>();
  private readonly run: LocalRun;
  private readonly pending = new Set<number>();
  private cancelled = false;
  private resolveEnd!: () => void;
  private rejectEnd!: (error: unknown) => void;
  private readonly ended: Promise<void>;

  constructor(
    private readonly tapestry: TapestryRecord,
    private readonly environment: InProcessEnvironment,
  ) {
    const compiled = compile(tapestry, { sha256: environment.sha256 });
    this.plan = new LoadedPlan(compiled.plan, compiled.hash);
    this.layout = layoutOf(compiled.plan, environment.terminals);
    this.scheduler = new Scheduler(this.layout, { window: environment.concurrency ?? DEFAULT_CONCURRENCY });
    this.settled = new Array<OutcomeToRecord>(this.layout.size);
    const byId = new Map(this.layout.ids.map((id, index) => [id, index]));
    this.layoutIndex = Int32Array.from(compiled.plan.knots, (knot) => byId.get(knot.id) ?? -1);
    this.bodies = this.layout.ids.map((id) => this.bodyOf(tapestry.knots.get(id)!));
    refuseUnknownReplacements(tapestry, environment.replace);
    this.run = {
      runId: environment.runId,
      logger: environment.logger ?? SILENT,
      resources: environment.resources ?? {},
      dataStore: environment.backends.dataStore,
    };
    this.ended = new Promise((resolve, reject) => {
      this.resolveEnd = resolve;
      this.rejectEnd = reject;
    });
  }

  async execute(parameters: ReadonlyMap<string, unknown>): Promise<LocalRunResult> {
    const { signal } = this.environment;
    const onAbort = (): void => this.cancel();
    const values = await this.recordParameters(parameters);
    this.carryOut(this.scheduler.apply({ type: 'start', parameters: values }));
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await this.ended;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
    return {
      runId: this.run.runId,
      status: this.status(),
      plan: this.plan,
      layout: this.layout,
      settled: this.settled,
      lineage: this.lineage,
    };
  }

  private cancel(): void {
    if (this.cancelled) return;
    this.cancelled = true;
    this.carryOut(this.scheduler.apply({ type: 'cancel' }));
  }

  private status(): RunStatus {
    if (
      this.cancelled &&
      this.settled.some((outcome) => outcome.kind === 'skipped' && outcome.reason === 'cancelled')
    ) {
      return 'cancelled';
    }
    return this.scheduler.counts.err > 0 ? 'failed' : 'succeeded';
  }

  private async recordParameters(parameters: ReadonlyMap<string, unknown>): Promise<EncodedValue[]> {
    const values: EncodedValue[] = [];
    for (let index = 0; index < this.layout.parameterCount; index++) {
      const value = encodeOutput(
        parameters.get(this.layout.ids[index]!.slice('param:'.length)),
        this.environment.sha256,
      );
      values.push(value);
      const now = this.environment.now();
      await this.commit(index, { kind: 'ok', value }, storedValues(value), 1, now, null);
    }
    return values;
  }

  private carryOut(commands: readonly Command[]): void {
    for (const command of commands) {
      if (command.type === 'run') {
        for (const knot of command.knots) {
          this.pending.add(knot);
          this.runKnot(knot).catch(this.rejectEnd);
        }
      } else if (command.type === 'skip') {
        for (const knot of command.knots) this.recordSkip(knot, command.reason).catch(this.rejectEnd);
      } else {
        this.finishing = true;
      }
    }
    if (this.finishing && this.skipsInFlight === 0) this.resolveEnd();
  }

  private finishing = false;
  private skipsInFlight = 0;

  private async recordSkip(knot: number, reason: 'parent_failed_or_skipped' | 'cancelled'): Promise<void> {
    const planKnot = this.planKnot(knot);
    const detail =
      reason === 'cancelled'
        ? undefined
        : { ...skipDetail(this.plan, planKnot, this.scheduler.skipDetail(knot)) };
    this.skipsInFlight += 1;
    await this.commit(
      knot,
      { kind: 'skipped', reason, ...(detail && { detail }) },
      [],
      0,
      this.environment.now(),
      null,
    );
    this.skipsInFlight -= 1;
    if (this.finishing && this.skipsInFlight === 0) this.resolveEnd();
  }

  private async runKnot(knot: number): Promise<void> {
    const planKnot = this.planKnot(knot);
    const startedAt = this.environment.now();
    const definition = this.tapestry.knots.get(planKnot.id)!.definition!;
    const body = this.bodies[knot]!;
    const used = body === definition.body ? definition : { ...definition, body };
    const codeHash = this.codeHashOf(planKnot, definition, body);
    for (let attempt = 1; ; attempt++) {
      let outcome: KnotOutcome<EncodedValue>;
      try {
        const result = await this.callOnce(used, planKnot, attempt);
        const value = encodeOutput(result, this.environment.sha256);
        await this.commit(knot, { kind: 'ok', value }, storedValues(value), attempt, startedAt, codeHash);
        outcome = { kind: 'ok', value };
      } catch (error) {
        if (this.cancelled && !(SelvageError.is(error) && error.code.startsWith('Invalid'))) {
          await this.commit(knot, { kind: 'skipped', reason: 'cancelled' }, [], attempt, startedAt, codeHash);
          outcome = { kind: 'skipped', reason: 'cancelled' };
        } else {
          const delay = retryDelay(planKnot.policy.retry, attempt, error);
          if (delay !== undefined) {
            await this.wait(delay);
            if (!this.cancelled) continue;
          }
          const described = describeError(
            error,
            { runId: this.run.runId, knotId: planKnot.id, attempt },
            this.environment.sha256,
          );
          await this.commit(
            knot,
            { kind: 'err', error: described.record },
            described.values,
            attempt,
            startedAt,
            codeHash,
          );
          outcome = { kind: 'err' };
        }
      }
      this.pending.delete(knot);
      this.carryOut(this.scheduler.apply({ type: 'settled', knot, outcome }));
      return;
    }
  }

  private async callOnce(
    definition: DefinitionRecord,
    planKnot: PlanKnot,
    attempt: number,
  ): Promise<unknown> {
    const inputs = assembleInputs(planKnot, (parent) => this.freshValue(parent));
    const { timeout, cancelGrace } = planKnot.policy;
    const { signal } = this.environment;
    if (timeout === undefined && !signal) {
      return await callBody(definition, inputs, new LocalContext(this.run, planKnot.id, attempt, undefined));
    }
    return await superviseBody(
      (bodySignal) =>
        callBody(definition, inputs, new LocalContext(this.run, planKnot.id, attempt, bodySignal)),
      { knotId: planKnot.id, cancel: signal, cancelGrace: cancelGrace ?? DEFAULT_CANCEL_GRACE_MS, timeout },
    );
  }

  private freshValue(parent: number): unknown {
    const value = this.scheduler.value(this.layoutIndex[parent]!)!;
    if (value.encoded) return decodeEncoded(value.encoded);
    return storedReference(value);
  }

  private async commit(
    knot: number,
    outcome: OutcomeToRecord,
    values: Parameters<Backends['commit']>[0][number]['values'],
    attempt: number,
    startedAt: number,
    codeHash: string | null,
  ): Promise<void> {
    const now = this.environment.now();
    const execution: Execution = {
      runId: this.run.runId,
      temporalRunId: this.run.runId,
      dispatcher: 'in_process',
      taskQueue: null,
      worker: null,
      attempt,
      scheduledAt: startedAt,
      startedAt,
      finishedAt: outcome.kind === 'skipped' && attempt === 0 ? startedAt : now,
    };
    const record = lineageRecord(
      this.plan,
      this.planKnot(knot),
      execution,
      outcome,
      this.hashOfParent,
      codeHash,
    );
    await this.environment.backends.commit([{ record, values }]);
    this.settled[knot] = outcome;
    this.lineage.push(record);
  }

  private readonly hashOfParent = (parent: number): string | null => {
    const outcome = this.settled[this.layoutIndex[parent]!];
    return outcome?.kind === 'ok' ? outcome.value.hash : null;
  };

  private async wait(ms: number): Promise<void> {
    const { signal } = this.environment;
    if (signal?.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, ms);
      function done(): void {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      }
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  private planKnot(knot: number): PlanKnot {
    return this.plan.knot(this.layout.ids[knot]!);
  }

  private bodyOf(knot: KnotRecord): KnotBody | undefined {
    if (!knot.definition) return undefined;
    const { replace } = this.environment;
    return replace?.[knot.id] ?? replace?.[knot.definition.name] ?? knot.definition.body;
  }

  private codeHashOf(planKnot: PlanKnot, definition: DefinitionRecord, body: KnotBody): string {
    if (body === definition.body) return this.plan.definitionOf(planKnot)!.codeHash;
    let hash = this.codeHashes.get(body);
    if (hash === undefined) {
      hash = hashText(body.toString(), this.environment.sha256);
      this.codeHashes.set(body, hash);
    }
    return hash;
  }
}

/** A misspelt replacement would let the real body run in a test that means to avoid it. */
function refuseUnknownReplacements(tapestry: TapestryRecord, replace: InProcessEnvironment['replace']): void {
  if (!replace) return;
  const known = new Set<string>();
  for (const knot of tapestry.knots.values()) {
    if (!knot.definition) continue;
    known.add(knot.id);
    known.add(knot.definition.name);
  }
  for (const name of Object.keys(replace)) {
    if (known.has(name)) continue;
    throw new SelvageError(
      'UnknownKnot',
      `replace names "${name}", but tapestry "${tapestry.name}" has no knot and no definition of that name. ` +
        `Use one of: ${[...known].slice(0, 20).join(', ')}.`,
      { details: { tapestry: tapestry.name, knot: name } },
    );
  }
}
