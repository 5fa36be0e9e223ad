import { type AnyTapestry, recordOf } from '../authoring';
import { nodeSha256 } from '../node/node-sha256';
import type { PlanKnot } from '../plan';
import { SelvageError } from '../errors';
import { mapOfElement } from '../authoring/element-id';
import {
  BodyExtension,
  ElementKnots,
  LoadedPlan,
  NamedDefinitions,
  allElements,
  assembleInputs,
  SILENT,
  bodyLogger,
  callBody,
  callsBody,
  encodeOutput,
  freshCopy,
  freshPart,
  mapElements,
  needsNoInputs,
  outcomeOfResult,
  tellError,
  withNested,
  type EncodedValue,
  type ElementKnot,
  type MapElements,
  type OutcomeToRecord,
  BodyContext,
  HandedOnHere,
} from '../runtime';
import type { LoggerLike } from '../authoring/knot-context';
import type { OutcomeKind } from '../authoring/outcome';
import type { DefinitionRecord, TapestryRecord } from '../authoring/records';
import type { Backends, LineageRecord, RunRecord } from '../ports';
import { withNestedRuns } from '../records/retention/values-of-run';
import type { Digests } from '../encryption/digests';
import { digestTagOf, digestsOf, subjectOf } from '../encryption/seal-backends';
import { withSubject } from '../encryption/run-scope';
import { encryptionFromEnvironment } from '../encryption/encryption';
import { type KnotEnd, type Reproduction, notRun, unreadable } from './reproduction';
import { RecordedRun } from './recorded-run';

export interface ReproduceOptions {
  /** `ctx.resources` of the bodies. Default: empty. */
  readonly resources?: Readonly<Record<string, unknown>>;
  /** Where `ctx.logger` writes. Default: nowhere. */
  readonly logger?: LoggerLike;
  /** Keys of hashes; if omitted, those of the backends, then of the environment. */
  readonly digests?: Digests;
  /** A function that is called before each body. */
  readonly beforeBody?: (knot: string) => void;
}

/** Repeats bodies on the recorded inputs of a run. Nothing is recorded; effects of bodies outside happen again. */
export class Reproducer {
  readonly #backends: Backends;
  readonly #tapestries: readonly TapestryRecord[];
  readonly #definitions: NamedDefinitions;
  readonly #options: ReproduceOptions;
  readonly #runs = new Map<string, Promise<RecordedRun>>();

  /** @param tapestries candidates for the run's tapestry, with the tapestries nested in them */
  constructor(backends: Backends, tapestries: readonly AnyTapestry[], options: ReproduceOptions = {}) {
    this.#backends = backends;
    this.#tapestries = [...new Set(tapestries.flatMap((one) => [...withNested(recordOf(one))]))];
    this.#definitions = new NamedDefinitions(this.#tapestries, nodeSha256);
    this.#options = options;
  }

  /**
   * A knot, a map's element (`users[17]`), or a knot of a child run (`nightly/users`). A map stands for its elements,
   * and a knot that ran another tapestry for the knots of its run.
   *
   * @throws SelvageError `UnknownKnot`, `UnknownTapestry`, `BodyMissing`
   */
  async *knot(run: RunRecord, id: string): AsyncGenerator<Reproduction> {
    const recorded = await this.recorded(run);
    const map = mapOfElement(id);
    if (recorded.plan.has(id)) yield* this.#all(recorded, recorded.plan.knot(id));
    else if (map !== undefined && recorded.plan.has(map)) {
      if (!recorded.records.has(id)) throw unknownKnot(run, id);
      for await (const one of this.#elements(recorded, recorded.plan.knot(map), id)) yield one;
    } else yield* this.#nested(run, id);
  }

  /** Repeats all knots in plan order, with the knots of the runs that they started. */
  async *all(run: RunRecord): AsyncGenerator<Reproduction> {
    const recorded = await this.recorded(run);
    for (const knot of recorded.plan.plan.knots) yield* this.#all(recorded, knot);
  }

  async *#nested(run: RunRecord, id: string): AsyncGenerator<Reproduction> {
    for (let slash = id.lastIndexOf('/'); slash > 0; slash = id.lastIndexOf('/', slash - 1)) {
      const runs = await this.#startedBy(run, id.slice(0, slash));
      if (runs.length === 0) continue;
      for (const one of runs) yield* this.knot(one, id.slice(slash + 1));
      return;
    }
    throw unknownKnot(run, id);
  }

  async #startedBy(run: RunRecord, knot: string): Promise<RunRecord[]> {
    const { plan } = await this.recorded(run);
    if (!plan.has(knot)) return [];
    const runs = await withNestedRuns(this.#backends, run);
    return runs.filter(
      ({ details }) =>
        details['parent_temporal_run_id'] === run.temporal_run_id && details['parent_knot'] === knot,
    );
  }

  async *#all(recorded: RecordedRun, knot: PlanKnot): AsyncGenerator<Reproduction> {
    const { node } = knot.policy;
    if (node === 'map') yield* this.#elements(recorded, knot);
    else if (node === 'subTapestry' || node === 'loop') {
      for (const run of await this.#startedBy(recorded.run, knot.id)) yield* this.all(run);
    } else yield await this.#one(recorded, knot);
  }

  async #one(recorded: RecordedRun, knot: PlanKnot): Promise<Reproduction> {
    const record = recorded.records.get(knot.id);
    const why = whyUnrun(knot, record);
    if (!record || why !== undefined) return notRun(recorded.run, knot.id, record, why ?? '');
    return await this.#attempt(recorded, record, async () => {
      const { plan, digest } = recorded;
      const definition = this.#bodyOf(recorded, knot);
      const parents = await recorded.parents(knot);
      const valueOf = (parent: number): EncodedValue => parents.get(parent)!;
      const kindOf = (parent: number): OutcomeKind => recorded.receivedOf(parent)?.kind ?? 'ok';
      const inputs = assembleInputs(knot, definition.receives, (parent) => {
        const failed = recorded.receivedOf(parent);
        if (definition.receives !== 'outcomes') return freshCopy(valueOf(parent));
        return failed ? structuredClone(failed) : { kind: 'ok', value: freshCopy(valueOf(parent)) };
      });
      const extension = new BodyExtension(plan, knot);
      return async () => {
        try {
          const result = needsNoInputs(knot)
            ? undefined
            : await callBody(definition, knot.policy, inputs, this.#context(recorded, record, extension));
          return outcomeOfResult(plan, knot, result, { valueOf, kindOf }, digest.of).outcome;
        } finally {
          extension.close();
        }
      };
    });
  }

  /** @param only the id of one element; default: all recorded ones */
  async *#elements(recorded: RecordedRun, map: PlanKnot, only?: string): AsyncGenerator<Reproduction> {
    const record = recorded.records.get(map.id);
    if (!recorded.hasElements(map.id)) {
      yield notRun(recorded.run, map.id, record, 'no element of it is on record');
      return;
    }
    let elements: MapElements;
    let parents: ReadonlyMap<number, EncodedValue>;
    try {
      parents = await recorded.parents(map);
      elements = mapElements(recorded.plan, map, (parent) => parents.get(parent)!.encoded);
    } catch (error) {
      yield unreadable(recorded.run, only ?? map.id, record, error);
      return;
    }
    const definition = this.#bodyOf(recorded, map);
    const knots = new ElementKnots(recorded.plan, map);
    for (const element of allElements(knots, elements.count, elements.keys)) {
      const own = recorded.records.get(element.id);
      if (!own || (only !== undefined && element.id !== only)) continue;
      yield await this.#element(recorded, { element, own, elements, parents, definition });
    }
  }

  async #element(
    recorded: RecordedRun,
    {
      element,
      own,
      elements: { lists },
      parents,
      definition,
    }: {
      readonly element: ElementKnot;
      readonly own: LineageRecord;
      readonly elements: MapElements;
      readonly parents: ReadonlyMap<number, EncodedValue>;
      readonly definition: DefinitionRecord;
    },
  ): Promise<Reproduction> {
    return await this.#attempt(recorded, own, async () => {
      const inputs = assembleInputs(element, 'values', (parent, input) => {
        const text = lists.get(input)?.[element.position];
        return text === undefined ? freshCopy(parents.get(parent)!) : freshPart(text);
      });
      return async () => {
        const context = this.#context(recorded, own, BodyExtension.none(element));
        const result = await callBody(definition, element.policy, inputs, context);
        return { kind: 'ok', value: encodeOutput(result, recorded.digest.of) };
      };
    });
  }

  /** @param prepare reads what the body needs, and returns how to run it */
  async #attempt(
    recorded: RecordedRun,
    record: LineageRecord,
    prepare: () => Promise<() => Promise<OutcomeToRecord>>,
  ): Promise<Reproduction> {
    const { run } = recorded;
    let work: () => Promise<OutcomeToRecord>;
    try {
      work = await withSubject(subjectOf(run), prepare);
    } catch (error) {
      if (SelvageError.is(error, 'BodyMissing')) throw error;
      return unreadable(run, record.knot_id, record, error);
    }
    this.#options.beforeBody?.(record.knot_id);
    let now: OutcomeToRecord | { readonly kind: 'err'; readonly error: NonNullable<KnotEnd['error']> };
    try {
      now = await withSubject(subjectOf(run), work);
    } catch (error) {
      now = { kind: 'err', error: tellError(error) };
    }
    return await recorded.compare(record, now);
  }

  #context(
    recorded: RecordedRun,
    { knot_id: id, attempt }: LineageRecord,
    extension: BodyExtension,
  ): BodyContext {
    const { run_id: runId, temporal_run_id: temporalRunId } = recorded.run;
    const logger = bodyLogger(this.#options.logger ?? SILENT);
    const surroundings = {
      runId,
      temporalRunId,
      resources: { ...this.#options.resources },
      dataStore: recorded.scratch,
      handedOn: new HandedOnHere(),
      loggerOf: () => logger,
    };
    return new BodyContext(surroundings, id, Math.max(1, attempt), undefined, extension);
  }

  /** Finds the file's body for a knot by knot id, else (as for extensions) by name and version of its definition. */
  #bodyOf({ plan, tapestry }: RecordedRun, knot: PlanKnot): DefinitionRecord {
    const isMap = knot.policy.node === 'map';
    const planned = isMap ? plan.elementDefinitionOf(knot) : plan.definitionOf(knot)!;
    const placed = tapestry.knots.get(knot.id)?.definition;
    const found =
      (isMap ? placed?.map?.each : placed) ?? this.#definitions.get(planned.name, planned.version);
    if (found && (placed === undefined || placed.node === knot.policy.node)) return found;
    throw new SelvageError(
      'BodyMissing',
      `Tapestry "${tapestry.name}" of this file has no ${knot.policy.node ?? 'body'} for knot "${knot.id}" (${planned.name}), which the run has. Give the file as it was when it ran` +
        ', or leave out the knot.',
      { details: { knot: knot.id, definition: planned.name } },
    );
  }

  /** @internal */
  recorded(run: RunRecord): Promise<RecordedRun> {
    let recorded = this.#runs.get(run.temporal_run_id);
    if (!recorded) this.#runs.set(run.temporal_run_id, (recorded = this.#read(run)));
    return recorded;
  }

  async #read(run: RunRecord): Promise<RecordedRun> {
    const tapestry = this.#tapestries.find(({ name }) => name === run.tapestry);
    if (!tapestry) {
      const known = this.#tapestries.map(({ name }) => name);
      throw new SelvageError(
        'UnknownTapestry',
        `Run "${run.run_id}" is of tapestry "${run.tapestry}", and this file has ${known.join(', ')}. Give the file that exports it.`,
        { details: { run: run.run_id, tapestry: run.tapestry } },
      );
    }
    const stored = await this.#backends.tapestryStore.get(run.plan_hash);
    if (!stored) {
      throw new SelvageError(
        'InvalidPlan',
        `The plan ${run.plan_hash} of run "${run.run_id}" is not there.`,
        { details: { run: run.run_id, plan: run.plan_hash } },
      );
    }
    const records = await this.#backends.runHistory.getRecords(run.temporal_run_id);
    const tag = digestTagOf(run);
    const own = this.#options.digests ?? digestsOf(this.#backends);
    const digest = own.find(tag) ?? encryptionFromEnvironment()?.digests.find(tag);
    return new RecordedRun(
      this.#backends,
      run,
      LoadedPlan.parse(stored.text, run.plan_hash),
      new Map(records.map((record) => [record.knot_id, record])),
      tapestry,
      digest,
    );
  }
}

function whyUnrun({ definition, policy }: PlanKnot, record: LineageRecord | undefined): string | undefined {
  if (!record) return 'the run has no outcome of it';
  if (definition < 0) return 'it is a parameter';
  if (policy.path !== undefined) return 'it passes on a value';
  if (policy.wait) return 'what it waited for came from outside';
  if (!callsBody({ policy } as PlanKnot) && policy.node !== 'firstOk') return 'it has no body';
  const own = record.skip_reason === 'gate_closed' || record.skip_reason === 'no_alternative';
  if (record.outcome === 'skipped' && !own)
    return `it was skipped: ${record.skip_reason ?? 'no reason is known'}`;
  if (record.outcome === 'err' && record.attempt === 0) return 'it failed before its body could run';
  return undefined;
}

function unknownKnot({ run_id: run, tapestry }: RunRecord, knot: string): SelvageError {
  return new SelvageError(
    'UnknownKnot',
    `Run "${run}" of tapestry "${tapestry}" has no knot "${knot}". \`selvage runs show ${run}\` lists its knots; an element of a map is named users[17].`,
    { details: { run, knot } },
  );
}
