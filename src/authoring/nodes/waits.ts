import { SelvageError } from '../../errors';
import type { Absence, In, Knot, KnotOf, MaybeAbsent } from '../knot';
import type { KnotContext } from '../knot-context';
import { knotRecord } from '../marks';
import { checkName } from '../names';
import { inMilliseconds, type Duration } from '../../values/duration';
import { shown } from '../checks';
import type { NodeConfig } from '../node-options';
import { place } from '../place';
import type { DefinitionRecord, WaitRecord } from '../records';
import { describeIssues, isStandardSchema, type OutputOf, type StandardSchema } from '../standard-schema';
import { durationOf, timeOf } from '../wait-times';
import { PlacedNode } from './placed-node';

/** The second argument of a wait. A wait lacks the options of bodies: retry, timeout, cache and limits. */
export type WaitConfig<Id extends string = string> = NodeConfig<'sleep', Id>;

type WaitKind = 'waitForSignal' | 'sleep' | 'waitUntil';

interface WaitsAfter<Why> {
  /** Knots to wait for before the wait begins. The values of these knots are not read. Default: none. */
  readonly after?: readonly (Knot<any> & MaybeAbsent<Why>)[];
}

export interface SignalWait<Why = unknown> extends WaitsAfter<Why> {
  /** Time from the beginning of the wait after which the knot fails with `SignalTimeout`. Default: no limit. */
  readonly timeout?: Duration;
}

/** The form of `waitForSignal` with one object. */
export interface SignalOptions<S extends StandardSchema, Why = unknown> extends SignalWait<Why> {
  /** Name in `run.signal`. Several waits may have one name; each takes one signal. */
  readonly name: string;
  /** Schema of the payload. The schema's output is the knot's value. */
  readonly schema: S;
}

interface PassesOn<T, Why> extends WaitsAfter<Why> {
  /** A knot whose value is passed on, by reference, when the wait ends; if omitted, the value is `undefined`. */
  readonly input?: Knot<T> & MaybeAbsent<Why>;
}

export interface SleepOptions<T, Why = unknown> extends PassesOn<T, Why> {
  /** Duration from the beginning of the wait, or a knot that yields milliseconds. */
  readonly ms: Duration | In<number, Why>;
}

export interface WaitUntilOptions<T, Why = unknown> extends PassesOn<T, Why> {
  /** Point in time, or milliseconds since the epoch. A past time ends the wait at once. */
  readonly time: In<Date, Why> | In<number, Why>;
}

/**
 * Places a knot that waits for a signal; its value is the payload:
 * `waitForSignal('approve', z.object({ by: z.string() }), { id: 'approval', after: [report], timeout: 86_400_000 })`.
 * The wait begins when the knots in `after` are Ok; earlier signals are kept. The wait holds no worker and no activity.
 * A cancel ends the wait at once.
 *
 * @throws SelvageError InvalidName (of the signal), InvalidConfig, and those of placing a definition
 */
export function waitForSignal<S extends StandardSchema, const Id extends string, Why extends Absence = never>(
  name: string,
  schema: S,
  config: WaitConfig<Id> & SignalWait<Why>,
): KnotOf<OutputOf<S>, Id, Why>;
export function waitForSignal<S extends StandardSchema, const Id extends string, Why extends Absence = never>(
  options: SignalOptions<S, Why>,
  config: WaitConfig<Id>,
): KnotOf<OutputOf<S>, Id, Why>;
export function waitForSignal(
  ...args:
    | readonly [name: string, schema: StandardSchema, config: WaitConfig & SignalWait]
    | readonly [options: SignalOptions<StandardSchema>, config: WaitConfig]
): Knot<any> {
  const { options, config, node } = readSignalArguments(args);
  const { name, schema, after } = options;
  const timeout = inMilliseconds(options.timeout) as number | undefined;
  checkName('signal', name);
  if (!isStandardSchema(schema)) {
    throw node.refusal(
      'MissingPart',
      'has no schema',
      "Give one of a library that implements Standard Schema: waitForSignal('approve', z.object({ … }), { id: '…' }).",
    );
  }
  if (timeout !== undefined && (durationOf(timeout) ?? 0) === 0) {
    throw node.refusal(
      'WrongValue',
      `has a "timeout" that is ${shown(timeout)}`,
      'Give a positive number of milliseconds or a text such as "10s", or leave it out.',
    );
  }
  const wait = { signal: name, schema, ...(timeout !== undefined && { timeout }) };
  const definition = waitDefinition(node, wait, accepting(name, schema));
  return placeWait(node, definition, { signal: name, timeout }, after, config);
}

/**
 * Places a knot that waits for some milliseconds, a constant or a knot's value:
 * `sleep({ ms: 60_000, input: draft }, { id: 'a-minute' })`. The wait holds no worker and no activity. For an invalid
 * duration the knot fails with `InvalidWait`.
 *
 * @throws SelvageError InvalidConfig, and those of placing a definition
 */
export function sleep<const Id extends string, Why extends Absence = never>(
  options: SleepOptions<unknown, Why> & { readonly input?: undefined },
  config: WaitConfig<Id>,
): KnotOf<undefined, Id, Why>;
export function sleep<T, const Id extends string, Why extends Absence = never>(
  options: SleepOptions<T, Why>,
  config: WaitConfig<Id>,
): KnotOf<T, Id, Why>;
export function sleep(options: SleepOptions<unknown>, config: WaitConfig): Knot<any> {
  const node = new PlacedNode('sleep', config);
  node.requireKeys(options, ['ms', 'input', 'after']);
  const { input, after } = options;
  const ms = inMilliseconds(options.ms);
  const isConstant = knotRecord(ms) === undefined;
  const duration = isConstant ? durationOf(ms) : undefined;
  if (isConstant && duration === undefined) {
    throw node.refusal(
      'WrongValue',
      `has "ms", which is ${shown(ms)}`,
      'Give a number of milliseconds, 0 or more, a text such as "10s", or a knot that yields a number.',
    );
  }
  const definition = waitDefinition(
    node,
    duration === undefined ? {} : { ms: duration },
    (given: { ms: unknown }, { knotId }) => {
      if (durationOf(given.ms) === undefined)
        throw invalidWait(knotId, 'ms', given.ms, 'a number of milliseconds, 0 or more');
    },
  );
  return placeWait(node, definition, { ms, input: passedOn(node, input) }, after, config);
}

/**
 * Places a knot that waits until a time, a constant or a knot's value:
 * `waitUntil({ time: due, input: letter }, { id: 'on-the-day' })`. The wait holds no worker and no activity. For an
 * invalid time the knot fails with `InvalidWait`.
 *
 * @throws SelvageError InvalidConfig, and those of placing a definition
 */
export function waitUntil<const Id extends string, Why extends Absence = never>(
  options: WaitUntilOptions<unknown, Why> & { readonly input?: undefined },
  config: WaitConfig<Id>,
): KnotOf<undefined, Id, Why>;
export function waitUntil<T, const Id extends string, Why extends Absence = never>(
  options: WaitUntilOptions<T, Why>,
  config: WaitConfig<Id>,
): KnotOf<T, Id, Why>;
export function waitUntil(options: WaitUntilOptions<unknown>, config: WaitConfig): Knot<any> {
  const node = new PlacedNode('waitUntil', config);
  node.requireKeys(options, ['time', 'input', 'after']);
  const { time, input, after } = options;
  const isConstant = knotRecord(time) === undefined;
  const until = isConstant ? timeOf(time) : undefined;
  if (isConstant && until === undefined) {
    throw node.refusal(
      'WrongValue',
      `has a "time" that is ${shown(time)}`,
      'Give a Date or milliseconds since the epoch, or a knot that yields one.',
    );
  }
  const definition = waitDefinition(
    node,
    until === undefined ? {} : { until },
    (given: { time: unknown }, { knotId }) => {
      if (timeOf(given.time) === undefined)
        throw invalidWait(knotId, 'time', given.time, 'a Date or milliseconds since the epoch');
    },
  );
  return placeWait(node, definition, { time, input: passedOn(node, input) }, after, config);
}

function readSignalArguments(
  args: readonly [string, StandardSchema, WaitConfig & SignalWait] | readonly [object, WaitConfig],
): { options: SignalOptions<StandardSchema>; config: WaitConfig; node: PlacedNode<'waitForSignal'> } {
  const [first] = args;
  if (args.length === 2 && typeof first === 'object' && first !== null) {
    const [options, config] = args as readonly [SignalOptions<StandardSchema>, WaitConfig];
    const node = new PlacedNode('waitForSignal', config);
    node.requireKeys(options, ['name', 'schema', 'timeout', 'after']);
    return { options, config, node };
  }
  const [name, schema, given] = args as readonly [string, StandardSchema, WaitConfig & SignalWait];
  const { timeout, after, ...config } = given ?? {};
  return {
    options: { name, schema, ...(timeout !== undefined && { timeout }), ...(after && { after }) },
    config,
    node: new PlacedNode('waitForSignal', config),
  };
}

function waitDefinition(
  node: PlacedNode<WaitKind>,
  wait: WaitRecord,
  body: DefinitionRecord['body'],
): DefinitionRecord {
  return Object.freeze({ ...node.definition({}, body, { node: node.kind }), wait: Object.freeze(wait) });
}

function placeWait(
  node: PlacedNode,
  definition: DefinitionRecord,
  inputs: Readonly<Record<string, unknown>>,
  after: unknown,
  config: WaitConfig,
): Knot<any> {
  if (after !== undefined && !(Array.isArray(after) && after.every(knotRecord))) {
    throw node.refusal(
      'NotAKnot',
      'has an "after" that is no list of knots',
      'Give the knots that it waits for before it begins: after: [report].',
    );
  }
  const parents = ((after ?? []) as readonly Knot<any>[]).map((knot, index) => [`after${index}`, knot]);
  return place(definition, { ...inputs, ...Object.fromEntries(parents) }, config);
}

function passedOn(node: PlacedNode, input: unknown): unknown {
  if (input === undefined || knotRecord(input) !== undefined) return input;
  throw node.refusal(
    'NotAKnot',
    `has an "input" that is ${shown(input)}`,
    'Give a knot, whose value is passed on, or leave it out.',
  );
}

function accepting(name: string, schema: StandardSchema): DefinitionRecord['body'] {
  return async ({ payload }: { payload: unknown }, { knotId }: KnotContext): Promise<unknown> => {
    const result = await schema['~standard'].validate(payload);
    if (!result.issues) return result.value;
    throw new SelvageError(
      'InvalidSignal',
      `The signal "${name}" that knot "${knotId}" has taken does not satisfy its schema: ${describeIssues(result.issues)}.`,
      { details: { knot: knotId, signal: name } },
    );
  };
}

function invalidWait(knot: string, input: string, value: unknown, wanted: string): SelvageError {
  return new SelvageError(
    'InvalidWait',
    `Knot "${knot}" waits by its input "${input}", which is ${shown(value)} and must be ${wanted}. Give the knot that yields it an output ` +
      'schema to have it checked there.',
    { details: { knot, input } },
  );
}
