import { SelvageError, type ErrorReason } from '../errors';
import { isObject } from '../values';
import { withAmbientTapestry } from './ambient';
import { definitionOfClass, isKnotClass } from './knot-class';
import type { Knot, OptionalKnot, ValueOf } from './knot';
import { definitionRecord, knotRecord, markTapestry, tapestryRecord } from './marks';
import { checkName } from './names';
import type { AnyDomain } from '../partitions';
import { readTapestryOptions } from './options';
import { addParameter } from './parameters';
import { PARTITION, partitionSchema, type PartitionSchema } from './partition-parameter';
import { checkOpen, checkOwnKnot, handleOf } from './place';
import type { DefinitionRecord, KnotRecord, TapestryOptions, TapestryRecord } from './records';
import { isStandardSchema, type InputOf, type OutputOf, type StandardSchema } from './standard-schema';

declare const TYPES: unique symbol;

/** Parameters or values of unknown types; they are checked when the run starts. */
export type Untyped = Record<string, unknown>;

/** The knots whose values a run yields, by the names that `run.values()` uses. */
export type Terminals = Readonly<Record<string, Knot<any>>>;

/** The type of `run.values()` for the terminals that `build` returned. An optional terminal may be undefined. */
export type TerminalValues<R> = R extends Terminals
  ? { -readonly [K in keyof R]: R[K] extends OptionalKnot<any> ? ValueOf<R[K]> | undefined : ValueOf<R[K]> }
  : Untyped;

export interface ParameterOptions<Input> {
  /** Default of the parameter, used when the run is started without it, and validated when it is declared. */
  readonly default?: Input;
}

/** Declaration of a parameter in the options of a tapestry: its schema, or its schema and default. */
export type ParameterSpec = StandardSchema | { readonly schema: StandardSchema; readonly default?: unknown };
export type ParameterSpecs = Readonly<Record<string, ParameterSpec>>;

type SchemaOf<P> = P extends StandardSchema
  ? P
  : P extends { readonly schema: infer S extends StandardSchema }
    ? S
    : never;
type OptionalNames<S> = {
  [K in keyof S]: S[K] extends { readonly default: unknown; readonly schema: unknown }
    ? K
    : unknown extends InputOf<SchemaOf<S[K]>>
      ? never
      : undefined extends InputOf<SchemaOf<S[K]>>
        ? K
        : never;
}[keyof S];

/** Parameters of a run of the tapestry. */
export type ParametersOf<S> = Flat<
  { [K in Exclude<keyof S, OptionalNames<S>>]: InputOf<SchemaOf<S[K]>> } & {
    [K in OptionalNames<S>]?: InputOf<SchemaOf<S[K]>>;
  }
>;
type Flat<T> = { [K in keyof T]: T[K] };

/** Refuses a default that its schema refuses. */
type CheckedSpecs<S> = {
  [K in keyof S]: S[K] extends StandardSchema
    ? unknown
    : S[K] extends { readonly schema: infer Schema extends StandardSchema }
      ? { readonly schema: Schema; readonly default?: InputOf<Schema> }
      : unknown;
};

export type ParameterKnots<S> = {
  readonly [K in keyof S & string]: Knot<OutputOf<SchemaOf<S[K]>>, `param:${K}`>;
};

/** `Schema`, if it accepts the declared type `Input`; any schema if none is declared. */
type SchemaFor<Input, Schema extends StandardSchema> = [unknown] extends [Input]
  ? Schema
  : [Exclude<Input, undefined>] extends [InputOf<Schema>]
    ? Schema
    : StandardSchema<Input>;

/** The parameters of a tapestry, with the partition if it has partitions. */
type WithPartition<S, Domain> = Flat<
  Omit<S, typeof PARTITION> & { readonly partition: PartitionSchema<Domain> }
>;

/**
 * A graph of knots, usually made by {@link tapestry}. A tapestry made by hand takes knots by `{ id, tapestry: t }` and
 * stays open until it is first run or registered. `Parameters` and `Values` type the start of runs and `run.values()`.
 */
export class Tapestry<Parameters extends object = Untyped, Values extends object = Untyped> {
  declare readonly [TYPES]?: { readonly parameters: Parameters; readonly values: Values };
  readonly name: string;

  /** @throws SelvageError InvalidName, InvalidConfig */
  constructor(name: string, options: TapestryOptions = {}) {
    if (!isMakingOwn) checkName('tapestry', name);
    this.name = name;
    const ownOptions = readTapestryOptions(`the tapestry "${name}"`, options);
    const record: TapestryRecord = {
      name,
      options: ownOptions,
      definitions: definitionsForExtensions(name, ownOptions),
      parameters: new Map(),
      knots: new Map(),
      terminals: undefined,
      closed: false,
    };
    markTapestry(this, record);
    const { partition } = ownOptions;
    if (partition) addParameter(record, PARTITION, partitionSchema(partition), {});
  }

  /** The knot of the run's partition. Throws `InvalidConfig` without the option `partition`. */
  get partition(): Knot<
    Exclude<Parameters extends { partition: infer P } ? P : unknown, string>,
    'param:partition'
  > {
    const { name, options, parameters } = ownRecord(this);
    if (options.partition) return handleOf(parameters.get(PARTITION)!.knot) as never;
    throw new SelvageError(
      'InvalidConfig',
      `The tapestry "${name}" has no partitions. Give it some: tapestry("${name}", { partition: daily("2024-01-01") }, …).`,
      { details: { tapestry: name, option: PARTITION, reason: 'MissingPart' } },
    );
  }

  /**
   * Declares a parameter. The parameter's knot has the id `param:<name>`; the knot's value is the schema's output. A
   * run without the parameter gets the default, else the schema's output for `undefined`, else it is refused.
   *
   * @throws SelvageError InvalidName, DuplicateParameter, InvalidDefault, InvalidConfig, TapestryClosed
   */
  parameter<const N extends keyof Parameters & string, S extends StandardSchema>(
    name: N,
    schema: S & SchemaFor<Parameters[N], S>,
    options: ParameterOptions<InputOf<S>> = {},
  ): Knot<OutputOf<S>, `param:${N}`> {
    return addParameter(ownRecord(this), name, schema, options) as Knot<OutputOf<S>, `param:${N}`>;
  }

  /**
   * Asserts that a knot is part of this tapestry, and returns it.
   *
   * @throws SelvageError ForeignKnot if it is part of another
   */
  register<K extends Knot<any>>(knot: K): K {
    const record = knotRecord(knot);
    if (record === undefined) {
      throw new SelvageError(
        'InvalidConfig',
        `What was registered with the tapestry "${this.name}" is not a knot. Place a definition and register what that answers.`,
        { details: { tapestry: this.name, reason: 'NotAKnot' } },
      );
    }
    checkOwnKnot(ownRecord(this), record, 'by `register`');
    return knot;
  }

  /**
   * Sets the terminals: the knots whose values a run yields, by name. Replaces earlier terminals; by default, these are
   * the knots without consumers, by their ids. Returns this tapestry, typed by the values.
   *
   * @throws SelvageError UnknownTerminal, ForeignKnot, InvalidName, TapestryClosed
   */
  terminals<const R extends Terminals>(knots: R): Tapestry<Parameters, TerminalValues<R>> {
    setTerminals(ownRecord(this), knots);
    return this as unknown as Tapestry<Parameters, TerminalValues<R>>;
  }
}

/**
 * Makes a tapestry. Runs `build` once, at once, with the tapestry ambient, so that knots placed inside belong to
 * it. `build` returns the terminals, which also type `run.values()`.
 *
 * Parameters declared by `t.parameter` are not in the tapestry's type. For typed starts of runs, declare parameters in
 * the options, or state them: `(t: Tapestry<{ x: number }>) => …`.
 *
 * @throws SelvageError all authoring errors; AsyncBuild if `build` is asynchronous
 */
export function tapestry<R extends Terminals | void, P extends object = Untyped>(
  name: string,
  build: (t: Tapestry<P>) => R,
): Tapestry<P, TerminalValues<R>>;
export function tapestry<const S extends ParameterSpecs, R extends Terminals | void>(
  name: string,
  options: TapestryOptions & { readonly parameters: S & CheckedSpecs<S>; readonly partition?: undefined },
  build: (t: Tapestry<ParametersOf<S>>, parameters: ParameterKnots<S>) => R,
): Tapestry<ParametersOf<S>, TerminalValues<R>>;
export function tapestry<
  D extends AnyDomain,
  R extends Terminals | void,
  const S extends ParameterSpecs = Readonly<Record<never, ParameterSpec>>,
>(
  name: string,
  options: TapestryOptions & { readonly partition: D; readonly parameters?: S & CheckedSpecs<S> },
  build: (
    t: Tapestry<ParametersOf<WithPartition<S, D>>>,
    parameters: ParameterKnots<WithPartition<S, D>>,
  ) => R,
): Tapestry<ParametersOf<WithPartition<S, D>>, TerminalValues<R>>;
export function tapestry<R extends Terminals | void, P extends object = Untyped>(
  name: string,
  options: TapestryOptions & { readonly parameters?: undefined },
  build: (t: Tapestry<P>) => R,
): Tapestry<P, TerminalValues<R>>;
export function tapestry(name: string, ...rest: readonly unknown[]): Tapestry<any, any> {
  const [options, build] = rest.length === 1 ? [{}, rest[0]] : rest;
  if (typeof build !== 'function') {
    throw new SelvageError(
      'InvalidConfig',
      `The tapestry "${String(name)}" has no build function. Give one as the last argument: tapestry(name, (t) => { … }).`,
      { details: { tapestry: name, reason: 'MissingPart' } },
    );
  }
  const { own, specs } = splitOptions(options);
  const made = new Tapestry(name, own as TapestryOptions);
  const record = ownRecord(made);
  const knots = declareParameters(record, specs);
  if (record.options.partition) knots[PARTITION] = made.partition;
  const terminals: unknown = withAmbientTapestry(record, () => build(made, knots));
  refusePromise(name, terminals);
  if (terminals !== undefined) setTerminals(record, terminals);
  record.closed = true;
  return made;
}

/** Whether the framework makes a tapestry of its own with a reserved name. */
// eslint-disable-next-line no-restricted-syntax -- no part of the interpreter
let isMakingOwn = false;

/** @internal Like {@link tapestry}, for the framework's own tapestries, whose names begin with `selvage`. */
export function ownTapestry<R extends Terminals, P extends object>(
  name: string,
  options: TapestryOptions,
  build: (t: Tapestry<P>) => R,
): Tapestry<P, TerminalValues<R>> {
  isMakingOwn = true;
  try {
    return tapestry(name, { ...options, parameters: undefined }, build);
  } finally {
    isMakingOwn = false;
  }
}

/** The parameters to start a run of this tapestry with. */
export type ParametersOfTapestry<T> = T extends Tapestry<infer P, any> ? P : never;
/** The type of `run.values()`. */
export type ValuesOfTapestry<T> = T extends Tapestry<any, infer V> ? V : never;

function ownRecord(made: Tapestry<any, any>): TapestryRecord {
  return tapestryRecord(made)!;
}

/** Non-objects pass through; option validation rejects them. */
function splitOptions(given: unknown): { own: unknown; specs: unknown } {
  if (typeof given !== 'object' || given === null) return { own: given, specs: {} };
  const { parameters = {}, ...own } = given as { parameters?: unknown };
  return { own, specs: parameters };
}

function declareParameters(record: TapestryRecord, specs: unknown): Record<string, Knot<any>> {
  if (!isObject(specs)) {
    throw new SelvageError(
      'InvalidConfig',
      `The option "parameters" of the tapestry "${record.name}" must be an object of schemas by name, such as { x: z.number() }.`,
      { details: { owner: `the tapestry "${record.name}"`, option: 'parameters', reason: 'WrongValue' } },
    );
  }
  const knots: Record<string, Knot<any>> = {};
  for (const [name, spec] of Object.entries(specs as ParameterSpecs)) {
    const { schema, ...options } = isStandardSchema(spec)
      ? { schema: spec }
      : (spec ?? { schema: undefined });
    knots[name] = addParameter(record, name, schema, options);
  }
  return knots;
}

function refusePromise(name: string, result: unknown): void {
  if (typeof (result as { then?: unknown } | undefined)?.then !== 'function') return;
  // The asynchronous rest of the build may reject, too, and an unhandled rejection ends the process.
  Promise.resolve(result).catch(() => undefined);
  throw new SelvageError(
    'AsyncBuild',
    `The build function of the tapestry "${name}" is asynchronous. Fetch what it needs before, or in a knot, and make it a plain function.`,
    { details: { tapestry: name } },
  );
}

function definitionsForExtensions(tapestry: string, { extensible }: TapestryOptions): DefinitionRecord[] {
  if (typeof extensible !== 'object') return [];
  return extensible.definitions.map((given, place) => {
    const record = isKnotClass(given) ? definitionOfClass(given) : definitionRecord(given);
    if (record) return record;
    throw new SelvageError(
      'InvalidConfig',
      `The option "extensible" of the tapestry "${tapestry}" cannot be used: item ${place} of its definitions is none. ` +
        'Give what `knot()` answered, or classes that extend Knot.',
      { details: { owner: `the tapestry "${tapestry}"`, option: 'extensible', reason: 'WrongValue' } },
    );
  });
}

function setTerminals(record: TapestryRecord, given: unknown): void {
  checkOpen(record, 'its terminals cannot be changed');
  const refuse = (
    reason: ErrorReason<'UnknownTerminal'>,
    what: string,
    remedy: string,
    terminal?: string,
  ): SelvageError =>
    new SelvageError('UnknownTerminal', `${what} of the tapestry "${record.name}" ${remedy}`, {
      details: { tapestry: record.name, ...(terminal !== undefined && { terminal }), reason },
    });
  if (!isObject(given) || knotRecord(given)) {
    throw refuse(
      'NotAKnot',
      'The terminals',
      'must be an object of knots by name: return { answer }, or nothing for all knots without consumers.',
    );
  }
  const terminals = new Map<string, KnotRecord>();
  for (const [name, value] of Object.entries(given)) {
    checkName('terminal', name);
    const knot = knotRecord(value);
    if (knot === undefined)
      throw refuse(
        'NotAKnot',
        `The terminal "${name}"`,
        'is not a knot. Return only what placing a definition answered.',
        name,
      );
    checkOwnKnot(record, knot, `as terminal "${name}"`);
    terminals.set(name, knot);
  }
  if (terminals.size === 0) {
    throw refuse(
      'Empty',
      'The list of terminals',
      'is empty. Name at least one knot, or return nothing for all knots without consumers.',
    );
  }
  record.terminals = terminals;
}

/** A tapestry of any parameters and terminals. */
export type AnyTapestry = Tapestry<any, any>;
