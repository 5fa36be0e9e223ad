import type { Sha256 } from '../../canonical';
import type { OwnSkipReason } from '../../engine';
import { nodeSha256 } from '../../adapters/shared/node-sha256';
import { createInMemoryBackends } from '../../backends/in-memory';
import {
  BodyExtension,
  assembleInputs,
  callBody,
  encodeOutput,
  needsNoInputs,
  outcomeOfResult,
  receivedOutcome,
  skipDetail,
  superviseBody,
  unrunError,
  withReadInputs,
  type EncodedValue,
  type Failed,
  type OutcomeToRecord,
  type ParentOutcomes,
  freshCopy,
} from '../../execution';
import { SelvageError } from '../../errors';
import { LocalContext, type LocalRun } from '../../local/local-context';
import { Replacements, type BodyToRun } from '../../local/replacements';
import type { KnotBody, TapestryRecord } from '../../model/records';
import type { BodyCall, BodyEnd } from './attempt';
import type { Schedule } from './schedule';
import type { FailedRecord, KnotRecord, Value } from './store';
import type { Subject } from './subject';
import type { SimulatedWait } from './waits';
import { Violation } from './violation';

/** Bodies of one simulated run. */
export interface RunBodies {
  /** Of the tapestry's parameters. */
  readonly parameters: readonly Value[];
  call(call: BodyCall): BodyEnd | Promise<BodyEnd>;
}

export interface Bodies {
  /** Whether the bodies are the tapestry's own, so that their values can be compared between runs. */
  readonly areReal: boolean;
  forRun(schedule: Schedule): RunBodies;
}

/**
 * Stand for bodies: they fail where the schedule says so, and else give something new at each call. So nothing but the
 * commit point can make all that reads a value read the same.
 */
export class SymbolicBodies implements Bodies {
  readonly areReal = false;

  constructor(private readonly subject: Subject) {}

  forRun({ failing }: Schedule): RunBodies {
    const { parameterCount } = this.subject.layout;
    let made = parameterCount;
    const error = new Error('The schedule lets it fail');
    return {
      parameters: Array.from({ length: parameterCount }, (_, knot) => knot),
      call: ({ knot, inputs }) => {
        if (failing.includes(knot)) return { kind: 'threw', error };
        made += 1;
        const record = this.recordOf(knot, made, inputs);
        return record ? { kind: 'recorded', record } : { kind: 'threw', error };
      },
    };
  }

  /** Nodes say something else at each call, too; undefined: it fails. */
  private recordOf(knot: number, made: number, inputs: BodyCall['inputs']): KnotRecord | undefined {
    const node = this.subject.nodeOf(knot);
    if (node === 'gate') {
      const [value] = inputs as [Value];
      return made % 2 === 0 ? { outcome: 'ok', value } : { outcome: 'skipped', reason: 'gate_closed' };
    }
    if (node === 'branch') {
      const paths = this.subject.pathsOf(knot);
      const chosen = paths[made % Math.max(1, paths.length)];
      const choice = chosen === undefined ? 'none' : this.subject.tagOf(chosen)!;
      return { outcome: 'ok', value: made, choice };
    }
    if (node !== 'firstOk') return { outcome: 'ok', value: made };
    const value = inputs.find((input) => typeof input !== 'object');
    if (value !== undefined) return { outcome: 'ok', value };
    const seen = inputs.map((input, place) => this.failureSeen(knot, place, input as FailedRecord));
    return seen.includes('err') ? undefined : { outcome: 'skipped', reason: 'no_alternative' };
  }

  private failureSeen(knot: number, place: number, { outcome }: FailedRecord): 'err' | 'skipped' {
    const parent = this.subject.parentsOf[knot]![place]!;
    return outcome === 'err' && !this.subject.isOptional(parent) ? 'err' : 'skipped';
  }
}

export interface RealBodiesOptions {
  /** Validated, by name. */
  readonly parameters: ReadonlyMap<string, unknown>;
  readonly replace: Readonly<Record<string, KnotBody>>;
  /** By knot id. */
  readonly waits: ReadonlyMap<string, SimulatedWait>;
  /** For each run. */
  readonly resources: () => Readonly<Record<string, unknown>>;
}

const GRACE_MS = 10_000;
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** The tapestry's own bodies, on values in memory, as they run in process. */
export class RealBodies implements Bodies {
  readonly areReal = true;
  private readonly bodies: readonly (BodyToRun | undefined)[];
  private readonly parameters: readonly EncodedValue[];
  /** By knot and its inputs: the hash that came of it at first, in whatever run. */
  private readonly outputs = new Map<string, string>();
  private readonly sha256: Sha256 = nodeSha256;

  constructor(
    private readonly subject: Subject,
    tapestry: TapestryRecord,
    private readonly options: RealBodiesOptions,
  ) {
    const replacements = new Replacements(tapestry, new Map(Object.entries(options.replace)), this.sha256);
    const { ids, parameterCount } = subject.layout;
    this.bodies = ids.map((id) => replacements.bodyOf(tapestry.knots.get(id)!));
    this.parameters = ids
      .slice(0, parameterCount)
      .map((id) => encodeOutput(options.parameters.get(id.slice('param:'.length)), this.sha256));
  }

  forRun(): RunBodies {
    const values = new Map(this.parameters.map((value) => [value.hash, value]));
    const run: LocalRun = {
      // The same for all, so that what a body makes of it is the same.
      runId: 'simulated',
      recordRun: 'simulated',
      logger: SILENT,
      resources: { ...this.options.resources() },
      dataStore: createInMemoryBackends().dataStore,
      handedOn: new Map(),
    };
    return {
      parameters: this.parameters.map(({ hash }) => hash),
      call: async (call) => await this.call(call, run, values),
    };
  }

  private async call(call: BodyCall, run: LocalRun, values: Map<string, EncodedValue>): Promise<BodyEnd> {
    const { plan } = this.subject;
    const planKnot = plan.plan.knots[call.knot]!;
    let outcome: OutcomeToRecord;
    try {
      const result = needsNoInputs(planKnot) ? undefined : await this.callOnce(call, run, values);
      ({ outcome } = outcomeOfResult(plan, planKnot, result, this.parentsOf(call, values), this.sha256));
    } catch (error) {
      return { kind: 'threw', error };
    }
    if (outcome.kind !== 'ok') {
      const { reason } = outcome as { reason: OwnSkipReason };
      this.requireRepeatable(call, reason);
      return { kind: 'recorded', record: { outcome: 'skipped', reason } };
    }
    const { value, choice } = outcome;
    values.set(value.hash, value);
    this.requireRepeatable(call, value.hash);
    const record = { outcome: 'ok', value: value.hash, ...(choice !== undefined && { choice }) } as const;
    return { kind: 'recorded', record };
  }

  private parentsOf({ knot, inputs }: BodyCall, values: ReadonlyMap<string, EncodedValue>): ParentOutcomes {
    const inputFrom = (parent: number): Value | FailedRecord =>
      inputs[this.subject.parentsOf[knot]!.indexOf(parent)]!;
    return {
      valueOf: (parent) => values.get(inputFrom(parent) as string)!,
      kindOf: (parent) => {
        const input = inputFrom(parent);
        return typeof input === 'object' ? this.failedInput(parent, input).kind : 'ok';
      },
    };
  }

  private async callOnce(
    { knot, number, inputs }: BodyCall,
    run: LocalRun,
    values: ReadonlyMap<string, EncodedValue>,
  ): Promise<unknown> {
    const planKnot = this.subject.plan.plan.knots[knot]!;
    const { definition, codeHash } = this.bodies[knot]!;
    const isReplaced = codeHash !== undefined;
    const wait = isReplaced ? undefined : this.options.waits.get(planKnot.id);
    if (wait && 'error' in wait) throw wait.error;
    const given = new Map(this.subject.parentsOf[knot]!.map((parent, place) => [parent, inputs[place]!]));
    const { receives } = definition;
    const reading = isReplaced ? planKnot : withReadInputs(planKnot);
    const inputsOf = assembleInputs(reading, receives, (parent) => {
      const input = given.get(parent)!;
      if (typeof input === 'object') return this.failedInput(parent, input);
      const value = freshCopy(values.get(input as string)!);
      return receives === 'outcomes' ? { kind: 'ok', value } : value;
    });
    const named = { ...inputsOf, ...wait?.given };
    const { timeout, cancelGrace = GRACE_MS } = planKnot.policy;
    const extension = new BodyExtension(this.subject.plan, planKnot);
    const body = (signal?: AbortSignal): Promise<unknown> =>
      callBody(definition, named, new LocalContext(run, planKnot.id, number, signal, extension));
    const result =
      timeout === undefined
        ? await body()
        : await superviseBody(body, { knotId: planKnot.id, cancel: undefined, cancelGrace, timeout });
    if (!extension.isEmpty) throw notSimulated(planKnot.id);
    return result;
  }

  /** What a body that receives outcomes is told of a parent without a value. The attempt is always the first, whatever struck. */
  private failedInput(parent: number, record: FailedRecord): Failed {
    const { plan } = this.subject;
    const planKnot = plan.plan.knots[parent]!;
    if (record.outcome === 'skipped' && record.reason !== undefined)
      return { kind: 'skipped', reason: record.reason };
    if (record.outcome === 'skipped') {
      const detail = skipDetail(plan, planKnot, record);
      return { kind: 'skipped', reason: 'parent_failed_or_skipped', detail };
    }
    const { type, message } = record;
    const error = {
      ...unrunError('simulated', { knot: planKnot.id, type, message }, this.sha256),
      attempt: 1,
    };
    return receivedOutcome(planKnot, { kind: 'err', error });
  }

  private requireRepeatable({ knot, inputs }: BodyCall, hash: string): void {
    const key = `${knot} ${JSON.stringify(inputs)}`;
    const first = this.outputs.get(key);
    this.outputs.set(key, first ?? hash);
    if (first === undefined || first === hash) return;
    const id = this.subject.idOf(knot);
    throw new Violation(
      'not repeatable',
      `The body of knot "${id}" gave ${first} when it ran first, and ${hash} when it ran again on the same inputs`,
      id,
    );
  }
}

function notSimulated(knot: string): SelvageError {
  return new SelvageError(
    'NotExtensible',
    `Knot "${knot}" extends its run, and a simulated run takes no more knots: simulate a tapestry that has them from the start.`,
    { details: { knot } },
  );
}
