import type { Sha256 } from '../../canonical';
import {
  DEFAULT_CANCEL_GRACE_MS,
  isNesting,
  nestedPlan,
  nestedRunId,
  type OwnSkipReason,
  type PlanKnot,
} from '../../engine';
import { nodeSha256 } from '../../adapters/shared/node-sha256';
import { createInMemoryBackends } from '../../backends/in-memory';
import {
  BodyExtension,
  ElementKnots,
  MapComposer,
  assembleInputs,
  cacheKeyOf,
  callBody,
  encodeOutput,
  freshCopy,
  freshPart,
  mapElements,
  needsNoInputs,
  outcomeOfLoop,
  outcomeOfResult,
  parametersAmong,
  partOfValue,
  receivedOutcome,
  skipDetail,
  superviseBody,
  unrunError,
  validateParameters,
  valuesOfNested,
  withReadInputs,
  type AcceptedExtension,
  type EncodedValue,
  type Hashing,
  type Failed,
  type MapElements,
  type OutcomeToRecord,
  type ParentOutcomes,
  bodyLogger,
} from '../../execution';
import { SelvageError } from '../../errors';
import { Definitions } from '../../local/definitions';
import { LocalContext, type LocalRun } from '../../local/local-context';
import { Replacements, type BodyToRun } from '../../local/replacements';
import type { DefinitionRecord, KnotBody } from '../../model/records';
import type { BodyCall, BodyEnd, EndedRun, PlacedKnot } from './attempt';
import type { Bodies, NestCall, Nested, RunBodies } from './bodies';
import { Violation } from './violation';
import type { FailedRecord, KnotRecord, OkRecord, Value } from './store';
import type { Subject } from './subject';
import { elementUnit, isElement, knotOfUnit, positionOf } from './units';
import type { SimulatedWaits } from './waits';

export interface RealBodiesOptions {
  /** Validated, by name. */
  readonly parameters: ReadonlyMap<string, unknown>;
  readonly replace: Readonly<Record<string, KnotBody>>;
  readonly waits: SimulatedWaits;
  /** For each run. */
  readonly resources: () => Readonly<Record<string, unknown>>;
}

const SILENT = bodyLogger({ debug: () => {}, info: () => {}, warn: () => {}, error: () => {} });
/** The same for all runs, so that what a body makes of it is the same. */
const RUN_ID = 'simulated';
const SHA256: Sha256 = nodeSha256;
export const HASHING: Hashing = { sha256: SHA256, digest: SHA256 };

/** The tapestry's own bodies, on values in memory, as they run in process. */
export class RealBodies implements Bodies {
  readonly areReal = true;
  private readonly bodies: BodiesOfTapestry;
  private readonly parameters: readonly EncodedValue[];
  /** By knot and its inputs: what came of it at first, in whatever run. */
  private readonly outputs = new Map<string, string>();

  constructor(
    subject: Subject,
    private readonly options: RealBodiesOptions,
  ) {
    this.bodies = new BodiesOfTapestry(subject, options.replace);
    this.parameters = encodedParameters(subject, options.parameters);
  }

  forRun(): RunBodies {
    const world: World = {
      values: new Map(),
      outputs: this.outputs,
      waits: this.options.waits,
      resources: { ...this.options.resources() },
      dataStore: createInMemoryBackends().dataStore,
    };
    return new RealRun(this.bodies, world, '', this.parameters);
  }
}

/** What runs of one world share. */
interface World extends Pick<LocalRun, 'resources' | 'dataStore'> {
  /** By hash. */
  readonly values: Map<string, EncodedValue>;
  readonly outputs: Map<string, string>;
  readonly waits: SimulatedWaits;
}

/** The bodies of one tapestry, whichever runs it has. */
class BodiesOfTapestry {
  readonly definitions: Definitions;
  private readonly replacements: Replacements;
  /** By knot, of the tapestry and of those that it is extended to. */
  private readonly bodies = new WeakMap<Subject, readonly (BodyToRun | undefined)[]>();
  private readonly nested = new Map<string, BodiesOfTapestry>();

  constructor(
    readonly subject: Subject,
    replace: Readonly<Record<string, KnotBody>>,
  ) {
    const { tapestry } = subject;
    this.definitions = new Definitions(tapestry, SHA256);
    this.replacements = new Replacements(tapestry, new Map(Object.entries(replace)), SHA256);
    this.of(subject);
  }

  /** By knot: of a map, of its elements; undefined: a parameter. */
  of(subject: Subject): readonly (BodyToRun | undefined)[] {
    let bodies = this.bodies.get(subject);
    if (!bodies) {
      bodies = subject.plan.plan.knots.map((knot) => this.bodyOf(subject, knot));
      this.bodies.set(subject, bodies);
    }
    return bodies;
  }

  nestedIn(subject: Subject, knot: number): BodiesOfTapestry {
    const id = subject.idOf(knot);
    let nested = this.nested.get(id);
    if (!nested) {
      const replace = this.replacements.nestedIn(subject.tapestry.knots.get(id)!);
      this.nested.set(id, (nested = new BodiesOfTapestry(subject.nestedOf(knot), replace)));
    }
    return nested;
  }

  private bodyOf({ tapestry, plan }: Subject, knot: PlanKnot): BodyToRun | undefined {
    const placed = tapestry.knots.get(knot.id);
    const each = placed?.definition?.map?.each;
    if (each) return this.replacements.bodyOf({ id: knot.id, definition: each });
    if (placed) return this.replacements.bodyOf(placed);
    const { name, version } = plan.definitionOf(knot)!;
    return this.replacements.bodyOf({ id: knot.id, definition: this.definitions.body(name, version)! });
  }
}

/** One run of it. */
class RealRun implements RunBodies {
  readonly parameters: readonly Value[];
  private readonly run: LocalRun;
  /** By map and its inputs. */
  private readonly elements = new Map<string, MapElements>();

  /** @param address of the run in its world, before the names of its knots */
  constructor(
    private readonly bodies: BodiesOfTapestry,
    private readonly world: World,
    private readonly address: string,
    parameters: readonly EncodedValue[],
  ) {
    for (const value of parameters) world.values.set(value.hash, value);
    this.parameters = parameters.map(({ hash }) => hash);
    const { resources, dataStore } = world;
    const runId = address === '' ? RUN_ID : `${RUN_ID}/${address.slice(0, -1)}`;
    this.run = { runId, recordRun: runId, logger: SILENT, resources, dataStore, handedOn: new Map() };
  }

  async call(call: BodyCall): Promise<BodyEnd> {
    try {
      const end = await this.endOf(call);
      if (end.kind === 'recorded') this.requireRepeatable(call, end.record);
      return end;
    } catch (error) {
      if (error instanceof Violation) throw error;
      return { kind: 'threw', error };
    }
  }

  countOf(map: PlacedKnot): number {
    try {
      return this.elementsOf(map).count;
    } catch (error) {
      // What makes the map's outcome fails, too.
      if (SelvageError.is(error)) return 0;
      throw error;
    }
  }

  cacheKeyOf(placed: PlacedKnot): string | undefined {
    const { subject, knot } = placed;
    if (this.isReplaced(subject, knot)) return undefined;
    const planKnot = subject.planKnot(knot);
    const { codeHash } = subject.plan.definitionOf(planKnot)!;
    return cacheKeyOf(subject.plan, planKnot, codeHash, this.parentsOf(placed).valueOf, SHA256);
  }

  isReplaced(subject: Subject, knot: number): boolean {
    return this.bodies.of(subject)[knot]!.codeHash !== undefined;
  }

  async nest(call: NestCall): Promise<Nested> {
    const { subject, knot, number } = call;
    const bodies = this.bodies.nestedIn(subject, knot);
    const given = (call.given ?? this.nestedInputs(call)) as Record<string, unknown>;
    try {
      const parameters = await validateParameters(bodies.subject.tapestry, given);
      const address = `${this.address}${nestedRunId(subject.idOf(knot), number)}/`;
      const encoded = encodedParameters(bodies.subject, parameters);
      return { given, bodies: new RealRun(bodies, this.world, address, encoded) };
    } catch (error) {
      if (!SelvageError.is(error, 'InvalidParameters')) throw error;
      const { code: type, message } = error;
      const id = nestedRunId(`${this.run.runId}/${subject.idOf(knot)}`, number);
      const { plan } = bodies.subject;
      const ref = { run_id: id, temporal_run_id: id };
      return { given, error: { ref, plan, error: { type, message }, failed: [], values: new Map() } };
    }
  }

  private async endOf(call: BodyCall): Promise<BodyEnd> {
    const { subject, knot, nested, elements } = call;
    if (nested) return await this.conclude(call, nested);
    if (elements) return this.recordedAs(this.composed(call, elements));
    if (isElement(knot)) {
      const result = await this.callElement(call);
      return this.recordedAs({ kind: 'ok', value: encodeOutput(result, SHA256) });
    }
    const planKnot = subject.planKnot(knot);
    const extension = new BodyExtension(subject.plan, planKnot);
    const result = needsNoInputs(planKnot) ? undefined : await this.callKnot(call, extension);
    const { outcome } = outcomeOfResult(subject.plan, planKnot, result, this.parentsOf(call), SHA256);
    const { definitions } = this.bodies;
    const accepted = extension.accept({
      plan: subject.plan,
      find: (name, version) => definitions.find(name, version),
      sha256: SHA256,
    });
    return this.recordedAs(outcome, accepted);
  }

  private recordedAs(outcome: OutcomeToRecord, extension?: AcceptedExtension): BodyEnd {
    if (outcome.kind === 'err') return { kind: 'recorded', record: failedRecord(outcome.error) };
    if (outcome.kind === 'skipped') {
      const { reason } = outcome as { reason: OwnSkipReason };
      return { kind: 'recorded', record: { outcome: 'skipped', reason } };
    }
    const { value, choice } = outcome;
    this.world.values.set(value.hash, value);
    const record: OkRecord = {
      outcome: 'ok',
      value: value.hash,
      ...(choice !== undefined && { choice }),
      ...(extension && { extension }),
    };
    return { kind: 'recorded', record };
  }

  private async callKnot(call: BodyCall, extension: BodyExtension): Promise<unknown> {
    const { subject, knot, inputs } = call;
    const planKnot = subject.planKnot(knot);
    const { definition } = this.bodies.of(subject)[knot]!;
    const isReplaced = this.isReplaced(subject, knot);
    const isWait = planKnot.policy.wait !== undefined && !isReplaced;
    const over = isWait ? await this.world.waits.over(`${this.address}${planKnot.id}`, planKnot) : {};
    const reading = isReplaced ? planKnot : withReadInputs(planKnot);
    const { receives } = definition;
    const given = isNesting(planKnot.policy.node)
      ? this.nestedInputs(call)
      : assembleInputs(reading, receives, (parent) => {
          const input = inputs[subject.parentsOf[knot]!.indexOf(parent)]!;
          if (typeof input === 'object') return failedInput(subject, parent, input);
          const value = freshCopy(this.valueOf(input));
          return receives === 'outcomes' ? { kind: 'ok', value } : value;
        });
    return await this.callWith(definition, planKnot, { ...given, ...over }, call.number, extension);
  }

  private async callElement(call: BodyCall): Promise<unknown> {
    const { subject, knot: unit, number } = call;
    const map = subject.planKnot(knotOfUnit(unit));
    const { lists, keys } = this.elementsOf(call);
    const position = positionOf(unit);
    const element = new ElementKnots(subject.plan, map).at(position, keys?.[position]);
    const { definition } = this.bodies.of(subject)[knotOfUnit(unit)]!;
    const { valueOf } = this.parentsOf(call);
    const inputs = assembleInputs(element, 'values', (parent, input) => {
      const text = lists.get(input)?.[position];
      return text === undefined ? freshCopy(valueOf(parent)) : freshPart(text);
    });
    return await this.callWith(definition, element, inputs, number, BodyExtension.none(element));
  }

  private async callWith(
    definition: DefinitionRecord,
    planKnot: PlanKnot,
    inputs: Record<string, unknown>,
    number: number,
    extension: BodyExtension,
  ): Promise<unknown> {
    const { timeout, cancelGrace = DEFAULT_CANCEL_GRACE_MS } = planKnot.policy;
    const body = (signal?: AbortSignal): Promise<unknown> =>
      callBody(
        definition,
        planKnot.policy,
        inputs,
        new LocalContext(this.run, planKnot.id, number, signal, extension),
      );
    return timeout === undefined
      ? await body()
      : await superviseBody(body, { knotId: planKnot.id, cancel: undefined, cancelGrace, timeout });
  }

  /** What the elements of a map have on record, put together. */
  private composed(call: BodyCall, records: readonly KnotRecord[]): OutcomeToRecord {
    const { subject } = call;
    const map = subject.planKnot(call.knot);
    const { count, keys } = this.elementsOf(call);
    const composer = new MapComposer(map, count, keys);
    records.forEach((record, position) => {
      if (record.outcome === 'ok') composer.ok(position, partOfValue(this.valueOf(record.value))!);
      else if (record.outcome === 'err')
        composer.err(position, errorOf(subject.nameOf(elementUnit(call.knot, position)), record));
    });
    return composer.outcome(this.run.runId, HASHING).outcome;
  }

  private async conclude(call: BodyCall, { number, given, run }: EndedRun): Promise<BodyEnd> {
    const { subject, knot } = call;
    const planKnot = subject.planKnot(knot);
    const ended = new Map(
      [...run.values].map(([id, value]) => [id, freshCopy(this.valueOf(value as Value))]),
    );
    const values = valuesOfNested({ ...run, values: ended });
    if (planKnot.policy.node !== 'loop') {
      const parents = this.parentsOf(call);
      return this.recordedAs(outcomeOfResult(subject.plan, planKnot, values, parents, SHA256).outcome);
    }
    const state = encodeOutput({ ...this.nestedInputs(call), ...values }, SHA256);
    const { definition } = this.bodies.of(subject)[knot]!;
    const inputs = { state: freshCopy(state) };
    const none = BodyExtension.none(planKnot);
    const isOver = await this.callWith(definition, planKnot, inputs, call.number, none);
    const end = outcomeOfLoop(planKnot, isOver, state, number);
    if (end) return this.recordedAs(end.outcome);
    return { kind: 'next', given: { ...(given as object), ...parametersAmong(run.plan, values) } };
  }

  private nestedInputs(placed: PlacedKnot): Record<string, unknown> {
    const planKnot = placed.subject.planKnot(placed.knot);
    const { parameters: inputs } = nestedPlan(planKnot)!;
    const { valueOf } = this.parentsOf(placed);
    return assembleInputs({ ...planKnot, inputs }, 'values', (parent) => freshCopy(valueOf(parent)));
  }

  private elementsOf(placed: PlacedKnot): MapElements {
    const { subject, inputs } = placed;
    const map = knotOfUnit(placed.knot);
    const key = `${map} ${(inputs as readonly Value[]).join(' ')}`;
    const known = this.elements.get(key);
    if (known) return known;
    const { valueOf } = this.parentsOf(placed);
    const elements = mapElements(subject.plan, subject.planKnot(map), (parent) => valueOf(parent).encoded);
    this.elements.set(key, elements);
    return elements;
  }

  private parentsOf({ subject, knot, inputs }: PlacedKnot): ParentOutcomes {
    const parents = subject.parentsOf[knotOfUnit(knot)]!;
    const inputFrom = (parent: number): Value | FailedRecord => inputs[parents.indexOf(parent)]!;
    return {
      valueOf: (parent) => this.valueOf(inputFrom(parent) as Value),
      kindOf: (parent) => {
        const input = inputFrom(parent);
        return typeof input === 'object' ? failedInput(subject, parent, input).kind : 'ok';
      },
    };
  }

  private valueOf(value: Value): EncodedValue {
    return this.world.values.get(value as string)!;
  }

  private requireRepeatable({ subject, knot, inputs, elements, nested }: BodyCall, record: KnotRecord): void {
    const ended = nested && [nested.number, ...nested.run.values];
    const key = JSON.stringify([this.address, subject.nameOf(knot), inputs, elements, ended]);
    const now = toldOf(record);
    const first = this.world.outputs.get(key);
    this.world.outputs.set(key, first ?? now);
    if (first === undefined || first === now) return;
    const name = `${this.address}${subject.nameOf(knot)}`;
    throw new Violation(
      'not repeatable',
      `The body of knot "${name}" gave ${first} when it ran first, and ${now} when it ran again on the same inputs`,
      name,
    );
  }
}

function encodedParameters({ layout }: Subject, given: ReadonlyMap<string, unknown>): EncodedValue[] {
  return layout.ids
    .slice(0, layout.parameterCount)
    .map((id) => encodeOutput(given.get(id.slice('param:'.length)), SHA256));
}

function toldOf(record: KnotRecord): string {
  if (record.outcome === 'err') return record.type;
  if (record.outcome === 'skipped') return record.reason!;
  return record.extension
    ? `${record.value} and the extension ${record.extension.hash}`
    : String(record.value);
}

type ErrorOnRecord = Extract<FailedRecord, { outcome: 'err' }>;
type ErrorToRecord = Extract<OutcomeToRecord, { kind: 'err' }>['error'];

export function failedRecord({ type, message, cause }: ErrorToRecord): ErrorOnRecord {
  return { outcome: 'err', type, message, ...(cause && { cause }) };
}

function errorOf(knot: string, { type, message, cause }: ErrorOnRecord): ErrorToRecord {
  // The attempt is always the first, whatever struck.
  const error = { ...unrunError(RUN_ID, { knot, type, message }, SHA256), attempt: 1 };
  return cause ? { ...error, cause } : error;
}

/** What a body that receives outcomes is told of a parent without a value. */
function failedInput({ plan }: Subject, parent: number, record: FailedRecord): Failed {
  const planKnot = plan.plan.knots[parent]!;
  if (record.outcome === 'skipped' && record.reason !== undefined)
    return { kind: 'skipped', reason: record.reason };
  if (record.outcome === 'skipped') {
    const detail = skipDetail(plan, planKnot, record);
    return { kind: 'skipped', reason: 'parent_failed_or_skipped', detail };
  }
  return receivedOutcome(planKnot, { kind: 'err', error: errorOf(planKnot.id, record) });
}
