import { decodeJson, defaultSha256, defined, type Sha256 } from '../values';
import { SelvageError } from '../errors';
import { hostNameOf } from '../authoring/body-host';
import { cacheOf, isCacheable, requireCacheable } from '../authoring/cacheable';
import { readKnotOptions } from '../authoring/options';
import type { CacheOptions, ReadKnotOptions } from '../authoring/records';
import type { Fragment, FragmentDefinition, FragmentKnot } from '../authoring/fragment';
import { compiled, configHashOf, type CompiledPlan } from './compile';
import { ConstantEncoder } from './constant-encoder';
import { Hashes } from '../authoring/hashes';
import { layoutOf } from './layout';
import type { Plan, PlanDefinition, PlanInput, PlanKnot, PlanPolicy } from './plan';
import { dataOf, policyOf } from './policy';
import { circleFound, topologicalOrder } from './topological-order';

/*
 * An extension makes another plan with more knots. Existing knots keep their numbers, inputs and config hashes.
 * Plans are immutable and content-hashed, so other runs are not affected.
 */

interface ExtendOptions {
  /** Content hash of the fragment, which the plan keeps. */
  readonly hash: string;
  /** The run's terminals, by name or id. Default: the plan's own terminals. */
  readonly terminals?: readonly string[];
  readonly sha256?: Sha256;
}

export interface RegisteredDefinition {
  /** Hash of the body's source; undefined if only the body's host knows it. */
  readonly codeHash: string | undefined;
  readonly receives: 'values' | 'outcomes';
  /** Body host, for a body in another language. */
  readonly host?: string;
}

export function isExtendedBy({ extended }: Plan, hash: string): boolean {
  return extended?.fragments.includes(hash) ?? false;
}

/** Throws `NotExtensible`. */
export function requireExtensible({ tapestry, extensible }: Plan): void {
  if (extensible) return;
  throw new SelvageError(
    'NotExtensible',
    `Runs of tapestry "${tapestry}" take no more knots: give it the option \`extensible: true\`, and start a new run.`,
    { details: { tapestry, reason: 'Closed' } },
  );
}

/**
 * The plan with the fragment's knots. A fragment that the plan already has changes nothing. Call
 * {@link resolveDefinitions} before, which checks the definitions.
 *
 * @throws SelvageError `NotExtensible`, `DuplicateId`, `DuplicateTerminal`, `UnknownKnot`, `UnknownTerminal`,
 *   `UnknownDefinition`, `Cycle`, `CacheWithoutVersion`, `NotDecodable` and `PlanTooLarge`
 */
export function extend(
  plan: Plan,
  fragment: Fragment,
  { hash, terminals, sha256 = defaultSha256 }: ExtendOptions,
): CompiledPlan {
  requireExtensible(plan);
  if (isExtendedBy(plan, hash)) return compiled(plan, sha256);
  const known = new Map(plan.knots.map(({ id }, index) => [id, index]));
  const inRun = terminals && new Set(layoutOf(plan, terminals).ids);
  refuseKnown(plan, fragment, known);
  const newcomers = inOrder(plan, fragment, known, inRun);
  const hashes = new Hashes(sha256);
  const definitions = new Definitions(plan);
  const constants = new ConstantEncoder(hashes);
  const indexes = new Map(known);
  for (const { id } of newcomers) indexes.set(id, indexes.size);
  const knots = newcomers.map((knot): PlanKnot => {
    const { id, definition, optional } = knot;
    const { summary, ...options } = {
      ...plan.extensible!.knots,
      ...readKnotOptions(`the knot "${id}"`, knot.options ?? {}),
    };
    const cache = cacheIn(options, knot);
    const data = dataOf(options);
    const host = hostNameOf(definition.host, options.dispatcher);
    const policy: PlanPolicy = {
      ...policyOf(options, definition.name),
      ...(host !== undefined && { host }),
      ...(cache && { cache }),
      ...(optional && { optional }),
    };
    const inputs = planInputs(knot, indexes, constants);
    return {
      id,
      definition: definitions.indexOf(definition),
      inputs,
      policy,
      ...(summary !== undefined && { summary }),
      ...(data && { data }),
      configHash: configHashOf(definition, inputs, policy, hashes),
    };
  });
  const { extended } = plan;
  return compiled(
    {
      ...plan,
      definitions: definitions.list,
      knots: [...plan.knots, ...knots],
      terminals: [...plan.terminals, ...newTerminals(plan, fragment, indexes, inRun)],
      extended: {
        knots: extended?.knots ?? plan.knots.length,
        terminals: extended?.terminals ?? plan.terminals.length,
        fragments: [...(extended?.fragments ?? []), hash],
      },
    },
    sha256,
  );
}

/**
 * The fragment with the code hashes of the worker's definitions. `find` takes a definition's name and version.
 *
 * @throws SelvageError `UnknownDefinition`; `CodeDiffers` for an unversioned definition of another source;
 *   `InvalidConfig` if a definition that takes values is to receive outcomes
 */
export function resolveDefinitions(
  fragment: Fragment,
  find: (name: string, version: string | undefined) => RegisteredDefinition | undefined,
): Fragment {
  return {
    ...fragment,
    knots: fragment.knots.map((knot) => {
      const { definition, id, options } = knot;
      const registered = find(definition.name, definition.version);
      if (!registered) throw unknownDefinition(definition, id);
      const { codeHash, receives, host } = registered;
      // A version identifies the definition, as two builds of one source may have different code.
      const { version } = definition;
      if (
        version === undefined &&
        codeHash !== undefined &&
        ![undefined, codeHash].includes(definition.codeHash)
      )
        throw codeDiffers(definition, id, codeHash);
      if (options?.errorPolicy === 'receiveErrors' && receives === 'values') {
        throw new SelvageError(
          'InvalidConfig',
          `Knot "${id}" of the fragment is to receive outcomes, and definition ${nameOf(definition)} takes values. Leave its errorPolicy out.`,
          {
            details: {
              owner: `the knot "${id}"`,
              option: 'errorPolicy',
              definition: definition.name,
              reason: 'NeedsOutcomes',
            },
          },
        );
      }
      const { host: _, ...given } = definition;
      return { ...knot, definition: { ...given, ...defined({ codeHash, host }) } };
    }),
  };
}

function refuseKnown(plan: Plan, fragment: Fragment, known: ReadonlyMap<string, number>): void {
  const seen = new Set<string>();
  for (const { id } of fragment.knots) {
    if (!known.has(id) && !seen.has(id)) {
      seen.add(id);
      continue;
    }
    const where = known.has(id) ? `the run of tapestry "${plan.tapestry}" has` : 'the fragment has two of';
    throw new SelvageError(
      'DuplicateId',
      `The fragment cannot bring a knot "${id}": ${where} that id${known.has(id) ? ' already' : ''}. Give the new one another id.`,
      { details: { knot: id, tapestry: plan.tapestry } },
    );
  }
}

/** Knots with parents before children, otherwise in the given order. */
function inOrder(
  plan: Plan,
  { knots }: Fragment,
  known: ReadonlyMap<string, number>,
  inRun: ReadonlySet<string> | undefined,
): FragmentKnot[] {
  const places = new Map(knots.map(({ id }, place) => [id, place]));
  const sorted = topologicalOrder(
    knots.map(({ id, inputs }) =>
      Object.entries(inputs).flatMap(([name, input]) => {
        if (!('knot' in input)) return [];
        const place = places.get(input.knot);
        if (place !== undefined) return [place];
        requireInRun(plan, input.knot, known, inRun, `Input "${name}" of knot "${id}" of the fragment`);
        return [];
      }),
    ),
  );
  if ('order' in sorted) return sorted.order.map((place) => knots[place]!);
  const ids = sorted.circle.map((place) => knots[place]!.id);
  throw circleFound('the fragment', plan.tapestry, ids);
}

function requireInRun(
  { tapestry }: Plan,
  id: string,
  known: ReadonlyMap<string, number>,
  inRun: ReadonlySet<string> | undefined,
  where: string,
): void {
  if (known.has(id) && (!inRun || inRun.has(id))) return;
  const why = known.has(id)
    ? 'which the run leaves out, for the terminals that it was started with do not need it. Start a run with other terminals'
    : `which neither the fragment nor the run of tapestry "${tapestry}" has. Correct the id`;
  throw new SelvageError('UnknownKnot', `${where} is knot "${id}", ${why}.`, {
    details: { knot: id, tapestry },
  });
}

/** Throws `CacheWithoutVersion`. */
function cacheIn(
  options: ReadKnotOptions,
  { definition, id }: FragmentKnot,
): CacheOptions<number> | undefined {
  const receives = options.errorPolicy === 'receiveErrors' ? 'outcomes' : 'values';
  if (!isCacheable({ ...definition, receives })) return undefined;
  requireCacheable(`the knot "${id}" of the fragment`, { ...definition, receives }, options);
  return cacheOf(options);
}

function planInputs(
  { id, inputs }: FragmentKnot,
  indexes: ReadonlyMap<string, number>,
  constants: ConstantEncoder,
): Record<string, PlanInput> {
  const byName = Object.entries(inputs).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    byName.map(([name, input]): [string, PlanInput] => {
      if ('knot' in input) return [name, { parent: indexes.get(input.knot)! }];
      const where = `Input "${name}" of knot "${id}" of the fragment`;
      return [name, constants.encode(decodeJson(input.constant), where, { knot: id, input: name })];
    }),
  );
}

function newTerminals(
  plan: Plan,
  { terminals = {}, knots }: Fragment,
  indexes: ReadonlyMap<string, number>,
  inRun: ReadonlySet<string> | undefined,
): [string, number][] {
  const names = new Set(plan.terminals.map(([name]) => name));
  const own = new Set(knots.map(({ id }) => id));
  return Object.entries(terminals).map(([name, id]) => {
    const index = indexes.get(id);
    if (index === undefined || (inRun && !inRun.has(id) && !own.has(id))) {
      throw new SelvageError(
        'UnknownTerminal',
        `Terminal "${name}" of the fragment is knot "${id}", which neither the fragment nor the run of tapestry "${plan.tapestry}" has. ` +
          'Correct the id.',
        { details: { terminal: name, knot: id, tapestry: plan.tapestry } },
      );
    }
    // A run may have this knot id as a terminal, so it must not mean another knot.
    if (names.has(name) || (indexes.has(name) && name !== id)) {
      throw new SelvageError(
        'DuplicateTerminal',
        `The fragment cannot bring a terminal "${name}": the run of tapestry "${plan.tapestry}" has a ${names.has(name) ? 'terminal of that name' : 'knot of that id'}. ` +
          'Give the new one another name.',
        { details: { terminal: name, tapestry: plan.tapestry } },
      );
    }
    return [name, index];
  });
}

/**
 * The plan's definitions, and those of new knots. After a deploy, two definitions may have the same name and version: a
 * plan keeps the code that a knot had when it was planned.
 */
class Definitions {
  readonly list: PlanDefinition[];

  constructor(plan: Plan) {
    this.list = [...plan.definitions];
  }

  indexOf({ name, version, codeHash }: FragmentDefinition): number {
    const index = this.list.findLastIndex(
      (present) =>
        present.name === name &&
        present.version === version &&
        !present.inline &&
        (codeHash === undefined || present.codeHash === codeHash),
    );
    if (index >= 0) return index;
    return this.list.push({ name, ...defined({ version, codeHash }) }) - 1;
  }
}

function unknownDefinition(definition: FragmentDefinition, knot: string): SelvageError {
  return new SelvageError(
    'UnknownDefinition',
    `Knot "${knot}" of the fragment is of definition ${nameOf(definition)}, which the worker has not registered. ` +
      'Place it in a tapestry of the worker, or name it in the option `extensible: { definitions: [ … ] }`.',
    { details: { knot, definition: definition.name, version: definition.version } },
  );
}

function codeDiffers(definition: FragmentDefinition, knot: string, present: string): SelvageError {
  return new SelvageError(
    'CodeDiffers',
    `Knot "${knot}" of the fragment was made with other code of definition ${nameOf(definition)} (${definition.codeHash}) than the worker has ` +
      `(${present}). Make the fragment with the code that the worker runs. Or give the definition a version, which then identifies it in ` +
      'place of its source.',
    { details: { knot, definition: definition.name, version: definition.version } },
  );
}

function nameOf({ name, version }: FragmentDefinition): string {
  return version === undefined ? `"${name}"` : `"${name}" version "${version}"`;
}
