import type { Sha256 } from '../../canonical';
import { nodeSha256 } from '../../adapters/shared/node-sha256';
import { createInMemoryBackends } from '../../backends/in-memory';
import {
  assembleInputs,
  callBody,
  decodeEncoded,
  encodeOutput,
  receivedOutcome,
  skipDetail,
  storedReference,
  superviseBody,
  unrunError,
  type EncodedValue,
  type Failed,
} from '../../execution';
import { LocalContext, type LocalRun } from '../../local/local-context';
import { Replacements, type BodyToRun } from '../../local/replacements';
import type { KnotBody, TapestryRecord } from '../../model/records';
import type { BodyCall, BodyEnd } from './attempt';
import type { Schedule } from './schedule';
import type { FailedRecord, Value } from './store';
import type { Subject } from './subject';
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
      call: ({ knot }) => {
        if (failing.includes(knot)) return { kind: 'threw', error };
        made += 1;
        return { kind: 'ok', value: made };
      },
    };
  }
}

export interface RealBodiesOptions {
  /** Validated, by name. */
  readonly parameters: ReadonlyMap<string, unknown>;
  readonly replace: Readonly<Record<string, KnotBody>>;
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
    let value: EncodedValue;
    try {
      value = encodeOutput(await this.callOnce(call, run, values), this.sha256);
    } catch (error) {
      return { kind: 'threw', error };
    }
    values.set(value.hash, value);
    this.requireRepeatable(call, value.hash);
    return { kind: 'ok', value: value.hash };
  }

  private async callOnce(
    { knot, number, inputs }: BodyCall,
    run: LocalRun,
    values: ReadonlyMap<string, EncodedValue>,
  ): Promise<unknown> {
    const planKnot = this.subject.plan.plan.knots[knot]!;
    const { definition } = this.bodies[knot]!;
    const given = new Map(this.subject.parentsOf[knot]!.map((parent, place) => [parent, inputs[place]!]));
    const { receives } = definition;
    const named = assembleInputs(planKnot, receives, (parent) => {
      const input = given.get(parent)!;
      if (typeof input === 'object') return this.failedInput(parent, input);
      const encoded = values.get(input as string)!;
      const value = encoded.encoded ? decodeEncoded(encoded.encoded) : storedReference(encoded);
      return receives === 'outcomes' ? { kind: 'ok', value } : value;
    });
    const { timeout, cancelGrace = GRACE_MS } = planKnot.policy;
    const body = (signal?: AbortSignal): Promise<unknown> =>
      callBody(definition, named, new LocalContext(run, planKnot.id, number, signal));
    if (timeout === undefined) return await body();
    return await superviseBody(body, { knotId: planKnot.id, cancel: undefined, cancelGrace, timeout });
  }

  /** What a body that receives outcomes is told of a parent without a value. The attempt is always the first, whatever struck. */
  private failedInput(parent: number, record: FailedRecord): Failed {
    const { plan } = this.subject;
    const planKnot = plan.plan.knots[parent]!;
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
