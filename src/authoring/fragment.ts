import { defaultSha256, defined, encodeJson, isObject, type Json } from '../values';
import { Hashes } from './hashes';
import { SelvageError } from '../errors';
import { withAmbientTapestry } from './ambient';
import type { Knot } from './knot';
import { knotRecord } from './marks';
import { checkName } from './names';
import { handleOf } from './place';
import type { ErrorPolicy, InputRecord, KnotOptions, KnotRecord, TapestryRecord } from './records';
import type { Terminals } from './tapestry';

/**
 * Knots to add to a run in flight, as plain data: any program may store, send and write it. A fragment names
 * definitions and holds no code; the worker that runs a knot has its body.
 */
export interface Fragment {
  readonly format: 1;
  /** The knots, in any order. */
  readonly knots: readonly FragmentKnot[];
  /** Further terminals of the run, as terminal name to the id of a knot (of the fragment or of the run). */
  readonly terminals?: Readonly<Record<string, string>>;
}

export interface FragmentKnot {
  readonly id: string;
  readonly definition: FragmentDefinition;
  readonly inputs: Readonly<Record<string, FragmentInput>>;
  /** Options of the placement and its definition; if omitted, those of the run's tapestry. */
  readonly options?: KnotOptions<ErrorPolicy>;
  /** Set for knots of definitions made by `optional()`. */
  readonly optional?: true;
}

export interface FragmentDefinition {
  readonly name: string;
  readonly version?: string;
  /**
   * `sha256:` and the hash of the body's source in the process that made the fragment; if omitted, any source is
   * accepted.
   */
  readonly codeHash?: string;
  /** Name of the body host, if the body is in another language. The worker that takes the fragment sets the host. */
  readonly host?: string;
}

export type FragmentInput =
  /** A knot of the fragment or of the run, by its id. */
  | { readonly knot: string }
  /** An encoded constant: JSON, with tags for everything that JSON lacks. */
  | { readonly constant: Json };

/** The argument of the function of {@link fragment}, to refer to knots of the run. */
export interface FragmentBuilder {
  /** Refers by id to a knot of the run, or of another fragment of it. The type that you state is not checked. */
  ref<T = any, const Id extends string = string>(id: Id): Knot<T, Id>;
}

/**
 * Wires knots to add to a run. Runs `build` at once, and places definitions as in the build function of a tapestry.
 * The returned knots become terminals of the run, by these names.
 *
 * ```ts
 * const more = fragment((f) => {
 *   const doubled = double({ x: f.ref<number>('d') }, { id: 'd2' });
 *   return { doubled };
 * });
 * ```
 *
 * @throws SelvageError all errors of wiring; `InvalidFragment` for nodes with functions in place; `AsyncBuild`
 */
export function fragment(build: (f: FragmentBuilder) => Terminals | void): Fragment {
  const record: TapestryRecord = {
    name: 'fragment',
    options: {},
    parameters: new Map(),
    knots: new Map(),
    terminals: undefined,
  };
  const refs = new Map<string, KnotRecord>();
  const builder: FragmentBuilder = {
    ref: <T, const Id extends string>(id: Id) => {
      checkName('knot', id);
      const known = refs.get(id) ?? {
        id,
        tapestry: record,
        inputs: new Map<string, InputRecord>(),
        options: {},
      };
      refs.set(id, known);
      return handleOf(known) as Knot<T, Id>;
    },
  };
  const returned: unknown = withAmbientTapestry(record, () => build(builder));
  if (typeof (returned as { then?: unknown } | undefined)?.then === 'function') {
    Promise.resolve(returned).catch(() => undefined);
    throw new SelvageError(
      'AsyncBuild',
      'The build function of a fragment is asynchronous. Fetch what it needs before, and make it a plain function.',
    );
  }
  record.closed = true;
  const hashes = new Hashes(defaultSha256);
  for (const id of refs.keys()) {
    if (record.knots.has(id)) {
      throw new SelvageError(
        'DuplicateId',
        `The fragment places a knot "${id}" and refers to one of the run by the same id. Give the new one another id, or use what placing it answered.`,
        { details: { knot: id } },
      );
    }
  }
  const terminals = terminalsOf(returned, record);
  return {
    format: 1,
    knots: [...record.knots.values()].map((knot) => fragmentKnot(knot, hashes)),
    ...(terminals && { terminals }),
  };
}

function fragmentKnot({ id, definition, inputs, options }: KnotRecord, hashes: Hashes): FragmentKnot {
  if (definition === undefined || definition.inline || definition.node) {
    throw new SelvageError(
      'InvalidFragment',
      `The knot "${id}" of the fragment is a node, whose function is written in place. A fragment holds no code: write a definition with ` +
        '`knot()`, register it with the worker, and place that.',
      { details: { knot: id } },
    );
  }
  const { name, version, optional } = definition;
  const codeHash = hashes.ofSource(definition);
  return {
    id,
    definition: { name, ...defined({ version, codeHash }) },
    inputs: Object.fromEntries([...inputs].map(([input, given]) => [input, fragmentInput(id, input, given)])),
    ...(Object.keys(options).length > 0 && { options }),
    ...(optional && { optional }),
  };
}

function fragmentInput(id: string, name: string, input: InputRecord): FragmentInput {
  if (input.kind === 'parent') return { knot: input.knot.id };
  try {
    return { constant: encodeJson(input.value) };
  } catch (error) {
    if (!SelvageError.is(error, 'NotEncodable')) throw error;
    throw new SelvageError(
      'NotEncodable',
      `Input "${name}" of knot "${id}" of the fragment cannot be a constant: ${error.message}`,
      { details: { ...error.details, knot: id, input: name }, cause: error },
    );
  }
}

function terminalsOf(returned: unknown, record: TapestryRecord): Record<string, string> | undefined {
  if (returned === undefined) return undefined;
  if (!isObject(returned) || knotRecord(returned)) {
    throw new SelvageError(
      'UnknownTerminal',
      'What the build function of a fragment returns must be an object of knots by name: return { answer }, or nothing.',
    );
  }
  const terminals: Record<string, string> = {};
  for (const [name, value] of Object.entries(returned)) {
    checkName('terminal', name);
    const knot = knotRecord(value);
    if (knot?.tapestry !== record) {
      throw new SelvageError(
        'UnknownTerminal',
        `The terminal "${name}" of the fragment is no knot of it. Return what placing a definition, or \`f.ref(id)\`, answered.`,
        { details: { terminal: name } },
      );
    }
    terminals[name] = knot.id;
  }
  return terminals;
}
