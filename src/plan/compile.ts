import { canonicalJson, defaultSha256, hashText, type Json, type Sha256 } from '../values';
import { SelvageError } from '../errors';
import { hostName, hostOf } from '../authoring/body-host';
import { cacheOf, isCacheable } from '../authoring/cacheable';
import { withMeaning } from '../authoring/node-options';
import type {
  CacheOptions,
  DefinitionRecord,
  InputRecord,
  KnotRecord,
  MapRecord,
  TapestryRecord,
  WaitRecord,
} from '../authoring/records';
import { dataFields } from './column-lineage';
import { ConstantEncoder } from './constant-encoder';
import { DefinitionTable } from './definition-table';
import { fieldsOf } from './fields';
import { Hashes } from '../authoring/hashes';
import {
  PLAN_FORMAT,
  type Plan,
  type PlanInput,
  type PlanKnot,
  type PlanMap,
  type PlanParameter,
  type PlanPolicy,
} from './plan';
import { nestedPlanInput } from './nested-plan';
import { dataOf, policyOf } from './policy';
import { circleFound, topologicalOrder } from './topological-order';

export interface CompiledPlan {
  readonly plan: Plan;
  /** Canonical JSON: `readPlan(text)` equals `plan`, including the order of inputs. */
  readonly text: string;
  /** `sha256:…` of `text`. */
  readonly hash: string;
}

const MAX_PLAN_LENGTH = 128 * 1024 * 1024;

export interface CompileOptions {
  /** A faster SHA-256 than the portable default. Changes no hash. */
  readonly sha256?: Sha256;
  /** The known plan hash of a nested tapestry. Default: compiles it. */
  readonly hashOf?: (nested: TapestryRecord) => string;
}

/** Everything that compiling refuses, without nested tapestries. */
export function problemsOf(tapestry: TapestryRecord, sha256: Sha256): SelvageError[] {
  const problems: SelvageError[] = [];
  const refusals = new Refusals((problem) => problems.push(problem));
  const plan = planOf(tapestry, { sha256, hashOf: () => '' }, refusals);
  if (!refusals.any) refusals.attempt(() => compiled(plan, sha256), undefined);
  return problems;
}

/**
 * Checks a tapestry and makes its plan. Equal tapestries have equal text and hash on every machine. Time and memory of
 * compiling grow linearly. Throws `EmptyTapestry`, `ForeignKnot`, `UnknownKnot`, `UnknownTerminal`, `Cycle`,
 * `DuplicateDefinition`, `NotEncodable` (a constant) or `PlanTooLarge`.
 */
export function compile(
  tapestry: TapestryRecord,
  { sha256 = defaultSha256, hashOf = (nested) => compile(nested, { sha256 }).hash }: CompileOptions = {},
): CompiledPlan {
  return compiled(planOf(tapestry, { sha256, hashOf }, new Refusals()), sha256);
}

/** Adds the columns of read and written data, if a schema has them. */
function withFields(
  plan: Pick<Plan, 'knots' | 'definitions'>,
  records: readonly KnotRecord[],
): readonly PlanKnot[] {
  const { knots } = plan;
  if (!knots.some(({ data }) => data?.reads ?? data?.writes)) return knots;
  const schemas = new Map(records.map(({ id, definition }) => [id, definition?.output]));
  return knots.map((knot) => {
    if (!knot.data?.reads && !knot.data?.writes) return knot;
    const fields = dataFields(plan, knot, ({ id }) => {
      const schema = schemas.get(id);
      return schema && fieldsOf(schema);
    });
    return fields ? { ...knot, data: { ...knot.data, fields } } : knot;
  });
}

function planOf(
  tapestry: TapestryRecord,
  { sha256, hashOf }: Required<CompileOptions>,
  refusals: Refusals,
): Plan {
  const hashes = new Hashes(sha256);
  const knots = orderedKnots(tapestry, refusals);
  const indexes = new Map(knots.map((knot, index) => [knot, index]));
  const definitions = new DefinitionTable(tapestry, hashes);
  const constants = new ConstantEncoder(hashes);
  const planKnots = knots.map((knot): PlanKnot => {
    const options = knot.definition ? withMeaning(knot.definition.node, knot.options) : {};
    const cache = knot.definition && isOfOwnMaking(knot.definition, knot) ? cacheOf(options) : undefined;
    const ownPolicy = policyOf(options, limitKeyOf(knot));
    const data = dataOf(options);
    const host = knot.definition && knot.path === undefined && hostOf(knot.definition, options.dispatcher);
    const policy: PlanPolicy = {
      ...ownPolicy,
      ...(host && { host: hostName(host) }),
      ...(knot.definition?.wait && { wait: waitOf(knot.definition.wait) }),
      ...(cache && !knot.definition?.map && { cache }),
      ...(knot.definition?.optional && { optional: true }),
      ...(knot.definition?.node && { node: knot.definition.node }),
      ...(knot.path !== undefined && { path: knot.path }),
      ...(knot.definition?.map && { map: mapOf(knot.definition.map, ownPolicy, cache) }),
    };
    const { definition: own } = knot;
    const indexOf = (definition: DefinitionRecord): number =>
      refusals.attempt(() => definitions.indexOf(definition, knot), 0);
    const inputs = planInputs(knot, indexes, constants, hashOf, refusals);
    return {
      id: knot.id,
      definition: own ? indexOf(own) : -1,
      ...(own?.map && { each: indexOf(own.map.each) }),
      inputs,
      policy,
      ...(options.summary !== undefined && { summary: options.summary }),
      ...(data && { data }),
      configHash: configHashOf(knot.definition, inputs, policy, hashes),
    };
  });
  const { extensible, knots: inherited, taskQueue: queue, partition, dependsOnPrevious } = tapestry.options;
  const plan: Plan = {
    format: PLAN_FORMAT,
    tapestry: tapestry.name,
    failOn: tapestry.options.failOn ?? 'unhandled',
    ...(queue !== undefined && { queue }),
    parameters: planParameters(tapestry, constants, refusals),
    definitions: definitions.list,
    knots: withFields({ knots: planKnots, definitions: definitions.list }, knots),
    terminals: terminalsOf(tapestry, knots, indexes, refusals),
    ...(partition && {
      partition: {
        domain: partition.description,
        ...(dependsOnPrevious && { dependsOnPrevious }),
      },
    }),
    ...(extensible && { extensible: { ...(inherited && { knots: inherited }) } }),
  };
  return plan;
}

/** Throws `PlanTooLarge`. */
export function compiled(plan: Plan, sha256: Sha256): CompiledPlan {
  const text = textOf(plan);
  return { plan, text, hash: hashText(text, sha256) };
}

/** A path has the value of its branch's input. */
function isOfOwnMaking(definition: DefinitionRecord, { path }: KnotRecord): boolean {
  return path === undefined && isCacheable(definition);
}

function mapOf(
  { each, batch, ...settings }: MapRecord,
  { maxConcurrent, ratePerSecond }: PlanPolicy,
  cache: CacheOptions<number> | undefined,
): PlanMap {
  // A limited knot may have to wait, so it runs outside of segments.
  const isLimited = maxConcurrent !== undefined || ratePerSecond !== undefined;
  return {
    ...settings,
    ...(batch !== undefined && !isLimited && { batch }),
    ...(cache && { cache }),
    each: each.name,
  };
}

/** `definition`: undefined for a parameter. */
export function configHashOf(
  definition: { readonly name: string; readonly version?: string } | undefined,
  inputs: Readonly<Record<string, PlanInput>>,
  policy: PlanPolicy,
  hashes: Hashes,
): string {
  return hashes.ofJson({
    definition: definition?.name ?? 'parameter',
    version: definition?.version ?? null,
    constants: constantHashes(inputs),
    policy: policy as Json,
  });
}

function waitOf({ schema: _schema, ...wait }: WaitRecord): PlanPolicy['wait'] {
  return wait;
}

/** The default key: the definition, or for a function in place this knot in all runs. */
function limitKeyOf({ definition, id, tapestry }: KnotRecord): string {
  const body = definition?.map?.each ?? definition;
  return body && !body.inline ? body.name : `${tapestry.name}/${id}`;
}

/** The size is limited, as workers hold the whole plan and a workflow loads its graph within seconds. */
function textOf(plan: Plan): string {
  try {
    const text = canonicalJson(plan as unknown as Json);
    if (text.length <= MAX_PLAN_LENGTH) return text;
  } catch (error) {
    // The plan's text exceeds the longest possible string.
    if (!(error instanceof RangeError && error.message.includes('string length'))) throw error;
  }
  throw new SelvageError(
    'PlanTooLarge',
    `The plan of tapestry '${plan.tapestry}' (${plan.knots.length} knots) is longer than ${MAX_PLAN_LENGTH / (1024 * 1024)} Mi characters: ` +
      'keep large constants in a file or the data store and give the knots a reference, or make several tapestries of it.',
    { details: { tapestry: plan.tapestry, knots: plan.knots.length } },
  );
}

const NOTHING = { constant: null, hash: '' };

/** Inputs are sorted by name, like canonical text, so that a plan read back is equal. */
function planInputs(
  knot: KnotRecord,
  indexes: ReadonlyMap<KnotRecord, number>,
  constants: ConstantEncoder,
  hashOf: (nested: TapestryRecord) => string,
  refusals: Refusals,
): Record<string, PlanInput> {
  const planned = ([name, input]: [string, InputRecord]): [string, PlanInput] => [
    name,
    input.kind === 'parent'
      ? { parent: indexes.get(input.knot)! }
      : refusals.attempt(
          () =>
            constants.encode(input.value, `Input '${name}' of knot '${knot.id}'`, {
              knot: knot.id,
              input: name,
            }),
          NOTHING,
        ),
  ];
  const inputs = [...knot.inputs].map(planned);
  if (knot.nested) inputs.push(nestedPlanInput(knot.nested.name, hashOf(knot.nested), constants));
  return Object.fromEntries(inputs.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function constantHashes(inputs: Readonly<Record<string, PlanInput>>): Record<string, string> {
  const hashes: [string, string][] = [];
  for (const [name, input] of Object.entries(inputs)) {
    if ('hash' in input) hashes.push([name, input.hash]);
  }
  return Object.fromEntries(hashes);
}

function planParameters(
  tapestry: TapestryRecord,
  constants: ConstantEncoder,
  refusals: Refusals,
): PlanParameter[] {
  return [...tapestry.parameters.values()].map((parameter) => {
    if (!parameter.hasDefault) return { name: parameter.name };
    const where = `The default of parameter '${parameter.name}'`;
    const { constant } = refusals.attempt(
      () => constants.encode(parameter.default, where, { parameter: parameter.name }),
      NOTHING,
    );
    return { name: parameter.name, default: constant };
  });
}

function terminalsOf(
  tapestry: TapestryRecord,
  knots: readonly KnotRecord[],
  indexes: ReadonlyMap<KnotRecord, number>,
  refusals: Refusals,
): [string, number][] {
  if (!tapestry.terminals) return knotsWithoutConsumers(knots).map((knot) => [knot.id, indexes.get(knot)!]);
  if (tapestry.terminals.size === 0) {
    refusals.refuse(
      new SelvageError(
        'UnknownTerminal',
        `Tapestry '${tapestry.name}' names no terminal: return at least one knot from its build function, or nothing at all.`,
        { details: { tapestry: tapestry.name, reason: 'Empty' } },
      ),
    );
  }
  return [...tapestry.terminals].map(([name, knot]) => {
    const index = indexes.get(knot);
    if (index === undefined) refusals.refuse(notOurs(knot, tapestry, `Terminal '${name}'`));
    return [name, index ?? 0];
  });
}

/** Parameters are no results. */
function knotsWithoutConsumers(knots: readonly KnotRecord[]): KnotRecord[] {
  const consumed = new Set<KnotRecord>();
  for (const knot of knots) {
    for (const input of knot.inputs.values()) {
      if (input.kind === 'parent') consumed.add(input.knot);
    }
  }
  return knots.filter((knot) => knot.definition && !consumed.has(knot));
}

/** Knots in plan order; in case of a cycle, in the order placed. */
function orderedKnots(tapestry: TapestryRecord, refusals: Refusals): KnotRecord[] {
  const parameters = [...tapestry.parameters.values()].map(({ knot }) => knot);
  const placed = [...parameters, ...[...tapestry.knots.values()].filter((knot) => knot.definition)];
  if (placed.length === 0) {
    const message = `Tapestry '${tapestry.name}' is empty: place a knot in it, or declare a parameter.`;
    refusals.refuse(new SelvageError('EmptyTapestry', message, { details: { tapestry: tapestry.name } }));
  }
  const placeOf = new Map(placed.map((knot, place) => [knot, place]));
  const parents = placed.map((knot) => {
    const list: number[] = [];
    for (const [name, input] of knot.inputs) {
      if (input.kind !== 'parent') continue;
      const place = placeOf.get(input.knot);
      if (place !== undefined) list.push(place);
      else refusals.refuse(notOurs(input.knot, tapestry, `Input '${name}' of knot '${knot.id}'`));
    }
    return list;
  });
  const sorted = topologicalOrder(parents);
  if ('circle' in sorted) {
    const ids = sorted.circle.map((place) => placed[place]!.id);
    refusals.refuse(circleFound(`tapestry '${tapestry.name}'`, tapestry.name, ids));
    return placed;
  }
  return sorted.order.map((place) => placed[place]!);
}

function notOurs(knot: KnotRecord, tapestry: TapestryRecord, where: string): SelvageError {
  const details = { knot: knot.id, tapestry: tapestry.name };
  if (knot.tapestry !== tapestry) {
    return new SelvageError(
      'ForeignKnot',
      `${where} is knot '${knot.id}' of tapestry '${knot.tapestry.name}', which tapestry '${tapestry.name}' cannot use: ` +
        `place a knot of its own in '${tapestry.name}'.`,
      { details },
    );
  }
  return new SelvageError(
    'UnknownKnot',
    `${where} is knot '${knot.id}', which tapestry '${tapestry.name}' does not have: register it there.`,
    { details },
  );
}

/** Throws the first problem of compiling, or collects them all. */
class Refusals {
  private told = false;

  /** Without `tell`, the first problem is thrown. */
  constructor(private readonly tell?: (problem: SelvageError) => void) {}

  get any(): boolean {
    return this.told;
  }

  refuse(problem: SelvageError): void {
    if (!this.tell) throw problem;
    this.told = true;
    this.tell(problem);
  }

  /** `instead` is returned if the work fails, so that the rest can be checked. */
  attempt<T>(work: () => T, instead: T): T {
    try {
      return work();
    } catch (error) {
      if (!SelvageError.is(error)) throw error;
      this.refuse(error);
      return instead;
    }
  }
}
