import { canonicalJson, defaultSha256, hashText, type Json, type Sha256 } from '../canonical';
import { SelvageError } from '../errors';
import { cacheOf, isCacheable } from '../model/cacheable';
import type {
  CacheOptions,
  DefinitionRecord,
  InputRecord,
  KnotRecord,
  MapRecord,
  TapestryRecord,
  WaitRecord,
} from '../model/records';
import { ConstantEncoder } from './constant-encoder';
import { DefinitionTable } from './definition-table';
import { Hashes } from './hashes';
import { notOurs, orderedKnots } from './knot-order';
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
import { effectiveOptions, policyOf } from './policy';
import { Refusals } from './refusals';

export interface CompiledPlan {
  readonly plan: Plan;
  /** Canonical JSON of the plan: `readPlan(text)` equals `plan`, down to the order of a knot's inputs. */
  readonly text: string;
  /** `sha256:…` of `text`. */
  readonly hash: string;
}

/** Characters of the text of a plan. */
export const MAX_PLAN_LENGTH = 128 * 1024 * 1024;

export interface CompileOptions {
  /** A faster SHA-256 than the portable default, where the surroundings have one. Does not change any hash. */
  readonly sha256?: Sha256;
  /** The hash of the plan of a tapestry that is nested in this one, where it is known already. Default: it is compiled, too. */
  readonly hashOf?: (nested: TapestryRecord) => string;
}

/** All that compiling would refuse of a tapestry, but what is nested in it. */
export function problemsOf(tapestry: TapestryRecord, sha256: Sha256): SelvageError[] {
  const problems: SelvageError[] = [];
  const refusals = new Refusals((problem) => problems.push(problem));
  const plan = planOf(tapestry, { sha256, hashOf: () => '' }, refusals);
  // What is broken has no text.
  if (!refusals.any) refusals.attempt(() => compiled(plan, sha256), undefined);
  return problems;
}

/**
 * Checks a tapestry and makes the plan of it: equal tapestries give equal text and hash, on every machine. Time and memory
 * grow linearly with knots and inputs. Throws `EmptyTapestry`, `ForeignKnot`, `UnknownKnot`, `UnknownTerminal`, `Cycle`,
 * `DuplicateDefinition`, `NotEncodable` (a constant) or `PlanTooLarge`.
 */
export function compile(
  tapestry: TapestryRecord,
  { sha256 = defaultSha256, hashOf = (nested) => compile(nested, { sha256 }).hash }: CompileOptions = {},
): CompiledPlan {
  return compiled(planOf(tapestry, { sha256, hashOf }, new Refusals()), sha256);
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
    const options = knot.definition ? effectiveOptions(knot, tapestry) : {};
    const cache = knot.definition && isOfOwnMaking(knot.definition, knot) ? cacheOf(options) : undefined;
    const ownPolicy = policyOf(options, limitKeyOf(knot));
    const policy: PlanPolicy = {
      ...ownPolicy,
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
      configHash: configHashOf(knot.definition, inputs, policy, hashes),
    };
  });
  const { extensible, knots: inherited, queue } = tapestry.options;
  const plan: Plan = {
    format: PLAN_FORMAT,
    tapestry: tapestry.name,
    failOn: tapestry.options.failOn ?? 'unhandled',
    ...(queue !== undefined && { queue }),
    parameters: planParameters(tapestry, constants, refusals),
    definitions: definitions.list,
    knots: planKnots,
    terminals: terminalsOf(tapestry, knots, indexes, refusals),
    ...(extensible && { extensible: { ...(inherited && { knots: inherited }) } }),
  };
  return plan;
}

/** @throws SelvageError `PlanTooLarge` */
export function compiled(plan: Plan, sha256: Sha256): CompiledPlan {
  const text = textOf(plan);
  return { plan, text, hash: hashText(text, sha256) };
}

/** Not a path, which has the value of its branch's input. */
function isOfOwnMaking(definition: DefinitionRecord, { path }: KnotRecord): boolean {
  return path === undefined && isCacheable(definition);
}

function mapOf(
  { each, batch, ...settings }: MapRecord,
  { maxConcurrent, ratePerSecond }: PlanPolicy,
  cache: CacheOptions | undefined,
): PlanMap {
  // What may have to wait goes by itself.
  const isLimited = maxConcurrent !== undefined || ratePerSecond !== undefined;
  return {
    ...settings,
    ...(batch !== undefined && !isLimited && { batch }),
    ...(cache && { cache }),
    each: each.name,
  };
}

/** @param definition undefined: a parameter */
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

/** A limit is of all knots of the definition; of a function that is written in place, of this knot in all runs. */
function limitKeyOf({ definition, id, tapestry }: KnotRecord): string {
  const body = definition?.map?.each ?? definition;
  return body && !body.inline ? body.name : `${tapestry.name}/${id}`;
}

/** The workers hold the plan whole, and a workflow must load its graph within seconds. */
function textOf(plan: Plan): string {
  try {
    const text = canonicalJson(plan as unknown as Json);
    if (text.length <= MAX_PLAN_LENGTH) return text;
  } catch (error) {
    // Longer than any string may be.
    if (!(error instanceof RangeError && error.message.includes('string length'))) throw error;
  }
  throw new SelvageError(
    'PlanTooLarge',
    `The plan of tapestry '${plan.tapestry}' (${plan.knots.length} knots) is longer than ${MAX_PLAN_LENGTH / (1024 * 1024)} Mi characters: ` +
      'keep large constants in a file or the data store and give the knots a reference, or make several tapestries of it.',
    { details: { tapestry: plan.tapestry, knots: plan.knots.length } },
  );
}

/** Stands where a value is refused. */
const NOTHING = { constant: null, hash: '' };

/** By name: the order that the canonical text has, so that a plan read back is the plan that was compiled. */
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

/** Parameters are no results, used or not. */
function knotsWithoutConsumers(knots: readonly KnotRecord[]): KnotRecord[] {
  const consumed = new Set<KnotRecord>();
  for (const knot of knots) {
    for (const input of knot.inputs.values()) {
      if (input.kind === 'parent') consumed.add(input.knot);
    }
  }
  return knots.filter((knot) => knot.definition && !consumed.has(knot));
}
