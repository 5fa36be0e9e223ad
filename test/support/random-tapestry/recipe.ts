import fc from 'fast-check';
import type { ErrorPolicy, FailOn } from '../../../src';
import type { Tries } from './compute';

/** The type of a knot's value. A kind of knot takes inputs of one type. */
type Yield = 'number' | 'numbers' | 'record' | 'outcomes' | 'shape' | 'nothing';

interface KindOfKnot {
  /** `anything`: any value of a knot, including the tag of a branch. */
  readonly takes: Yield | 'anything' | undefined;
  /** Default: one input. `some`: one to three different ones. `pair`: two, which may be the same. */
  readonly inputs?: 'some' | 'pair';
  /** A map that collects yields `outcomes` instead. */
  readonly yields: Yield;
  /** Paths of a branch, which come with it. */
  readonly paths?: readonly string[];
  /** Whether it calls a function of the recipe, which may throw and be retried. */
  readonly calls?: true;
  readonly isMap?: true;
}

/*
 * There is no `cache`, because reuse does not change outcomes; `test/unit/in-process/reuse` has properties of it.
 */
const KINDS = {
  source: { takes: undefined, yields: 'number', calls: true },
  mix: { takes: 'number', inputs: 'some', yields: 'number', calls: true },
  tally: { takes: 'anything', inputs: 'some', yields: 'number', calls: true },
  aggregate: { takes: 'number', inputs: 'some', yields: 'number', calls: true },
  /** An aggregate and a reduce that receive outcomes. */
  census: { takes: 'anything', inputs: 'some', yields: 'number', calls: true },
  roll: { takes: 'numbers', yields: 'number', calls: true },
  sink: { takes: 'number', yields: 'number', calls: true },
  /** Its body extends the run by a knot, see {@link newcomerOf}. */
  planter: { takes: 'number', yields: 'number', calls: true },
  spread: { takes: 'number', yields: 'numbers', calls: true },
  table: { takes: 'number', yields: 'record', calls: true },
  sum: { takes: 'numbers', yields: 'number', calls: true },
  highest: { takes: 'numbers', yields: 'number', calls: true },
  survivors: { takes: 'outcomes', yields: 'number', calls: true },
  draw: { takes: 'number', yields: 'shape', calls: true },
  area: { takes: 'shape', yields: 'number', calls: true },
  gate: { takes: 'number', yields: 'number', calls: true },
  selector: { takes: 'number', yields: 'number', paths: ['small', 'large'], calls: true },
  on: { takes: 'shape', yields: 'shape', paths: ['a', 'b'] },
  firstOk: { takes: 'number', inputs: 'some', yields: 'number' },
  subTapestry: { takes: 'number', yields: 'shape' },
  loop: { takes: 'number', yields: 'shape', calls: true },
  map: { takes: 'numbers', yields: 'numbers', calls: true, isMap: true },
  mapRecord: { takes: 'record', yields: 'record', calls: true, isMap: true },
  mapLists: { takes: 'numbers', inputs: 'pair', yields: 'numbers', calls: true, isMap: true },
  waitForSignal: { takes: 'number', yields: 'number' },
  sleep: { takes: 'number', yields: 'number' },
  waitUntil: { takes: 'number', yields: 'number' },
  /** A wait until a time that its input gives. */
  deadline: { takes: 'anything', yields: 'nothing' },
} as const satisfies Record<string, KindOfKnot>;

export type Kind = keyof typeof KINDS;
export const ALL_KINDS = Object.keys(KINDS) as Kind[];

export const kindOf = (kind: Kind): KindOfKnot => KINDS[kind];

/** A knot to place, as plain data, so that it can be built, interpreted, printed and shrunk. */
export interface Step {
  readonly id: string;
  readonly kind: Kind | 'parameter' | 'path';
  /** Ids of earlier knots. A path has its branch, and the branch's input. */
  readonly inputs: readonly string[];
  /** Varies what its function does. */
  readonly seed: number;
  readonly tries: Tries;
  readonly optional: boolean;
  /** Absent: the default. */
  readonly policy?: ErrorPolicy;
  /** Only for maps. */
  readonly onError: 'fail' | 'skip' | 'collect';
  /** When the nested tapestry fails. */
  readonly failOn: FailOn;
  /** Only for paths of a branch. */
  readonly tag?: string;
  /** Only for branches: a path without a knot. */
  readonly without?: string | undefined;
  /** Added by the body of its input instead of wired. Without an Ok of it, the run has no such knot. */
  readonly isBrought?: true;
}

export interface Recipe {
  /** `soon`: the time until which some knots wait. */
  readonly parameters: { readonly x: number; readonly soon: number };
  readonly failOn: FailOn;
  /** The parameters first. */
  readonly steps: readonly Step[];
}

interface RawStep extends Pick<Step, 'seed' | 'tries' | 'optional' | 'onError' | 'failOn'> {
  readonly kind: Kind;
  readonly picks: readonly number[];
  readonly policy: ErrorPolicy | undefined;
  readonly without: number | undefined;
}

const arbitraryFailOn = fc.constantFrom<FailOn>('unhandled', 'any', 'never');
const ONCE: Tries = { attempts: 1, throws: 0 };

const stepOf = (kinds: readonly Kind[]): fc.Arbitrary<RawStep> =>
  fc.record({
    kind: fc.constantFrom(...kinds),
    picks: fc.array(fc.nat(1_000), { minLength: 1, maxLength: 3 }),
    seed: fc.nat(20),
    tries: fc.oneof(
      { weight: 5, arbitrary: fc.constant(ONCE) },
      {
        weight: 2,
        arbitrary: fc.constantFrom<Tries>(
          { attempts: 2, throws: 1 },
          { attempts: 3, throws: 1 },
          { attempts: 3, throws: 2 },
          { attempts: 3, throws: 0 },
        ),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom<Tries>({ attempts: 1, throws: 1 }, { attempts: 2, throws: 2 }),
      },
    ),
    optional: fc.constantFrom(false, false, true),
    policy: fc.constantFrom<ErrorPolicy | undefined>(
      undefined,
      undefined,
      undefined,
      'skipIfParentFailed',
      'requireAllParents',
      'receiveErrors',
    ),
    onError: fc.constantFrom('fail', 'skip', 'collect'),
    failOn: arbitraryFailOn,
    without: fc.constantFrom(undefined, undefined, 0, 1),
  });

/** Tapestries of every kind of knot and policy, wired as their types allow. */
export function arbitraryRecipe(
  steps: fc.ArrayConstraints,
  kinds: readonly Kind[] = ALL_KINDS,
): fc.Arbitrary<Recipe> {
  return fc
    .record({
      parameters: fc.record({ x: fc.nat(1_000), soon: fc.constantFrom(1, 4_102_444_800_000) }),
      failOn: arbitraryFailOn,
      raw: fc.array(stepOf(kinds), { minLength: 1, ...steps }),
    })
    .map(({ raw, ...recipe }) => ({ ...recipe, steps: wire(raw) }))
    .filter(({ steps }) => steps.length > PARAMETERS.length);
}

const parameter = (name: keyof Recipe['parameters']): Step => ({
  id: `param:${name}`,
  kind: 'parameter',
  inputs: [],
  seed: 0,
  tries: ONCE,
  optional: false,
  onError: 'fail',
  failOn: 'unhandled',
});
/** Only `x` is used as a value, because `soon` depends on the clock. */
const X = parameter('x');
export const SOON = parameter('soon');
const PARAMETERS: readonly Step[] = [X, SOON];

/** Resolves the picks among the possible inputs of each step; a step without any is left out. */
function wire(raw: readonly RawStep[]): Step[] {
  const steps: Step[] = [...PARAMETERS];
  const yielders = new Map<Yield, string[]>([['number', [X.id]]]);
  const add = (step: Step, yields: Yield): void => {
    steps.push(step);
    yielders.set(yields, [...(yielders.get(yields) ?? []), step.id]);
  };
  raw.forEach(({ kind, picks, policy, without, tries, ...rest }, index) => {
    const { takes, inputs: many, yields, paths, calls, isMap } = kindOf(kind);
    const wired = steps.filter(({ id, isBrought }) => id !== SOON.id && !isBrought);
    const everything = wired.map(({ id }) => id);
    const candidates = takes === 'anything' ? everything : ((takes && yielders.get(takes)) ?? []);
    if (takes !== undefined && candidates.length === 0) return;
    const id = `k${String(index).padStart(2, '0')}-${kind}`;
    const step: Step = {
      id,
      kind,
      inputs: takes === undefined ? [] : picked(candidates, picks, many),
      // A body that gets values cannot receive failures.
      ...(policy && (policy !== 'receiveErrors' || canReceive(kind)) && { policy }),
      tries: calls ? tries : ONCE,
      ...rest,
      without: without === undefined ? undefined : paths?.[without],
    };
    if (!paths) {
      add(step, isMap && step.onError === 'collect' ? 'outcomes' : yields);
      if (kind === 'planter') steps.push(newcomerOf(step));
      return;
    }
    // The value of a branch is its tag, which only kinds with `anything` take.
    steps.push(step);
    for (const tag of paths) if (tag !== step.without) add(pathOf(step, tag), yields);
  });
  return steps;
}

function picked(
  candidates: readonly string[],
  picks: readonly number[],
  many: KindOfKnot['inputs'],
): readonly string[] {
  const all = picks.map((pick) => candidates[pick % candidates.length]!);
  if (many === 'pair') return [all[0]!, all[1] ?? all[0]!];
  return many === 'some' ? [...new Set(all)] : all.slice(0, 1);
}

/** The knot that a planter adds. Some always fail, and some fail for their inputs. */
export function newcomerOf({ id, seed, optional }: Step): Step {
  const tries = seed % 3 === 0 ? { attempts: 1, throws: 1 } : ONCE;
  return {
    ...X,
    id: `${id}-shoot`,
    kind: 'mix',
    inputs: [id],
    seed: seed + 1,
    tries,
    optional,
    isBrought: true,
  };
}

function pathOf({ id, inputs }: Step, tag: string): Step {
  return { ...X, id: `${id}:${tag}`, kind: 'path', inputs: [id, ...inputs], tag };
}

/** Some kinds have optional definitions. */
export function isOptional({ kind, optional }: Step): boolean {
  return optional && (kind === 'mix' || kind === 'tally' || kind === 'spread');
}

/** Whether its function gets outcomes. */
export function canReceive(kind: Step['kind']): boolean {
  return kind === 'tally' || kind === 'census' || kind === 'roll';
}

/** Whether it receives the failures of its parents. */
export function receivesFailures({ kind, policy = 'receiveErrors' }: Step): boolean {
  return (canReceive(kind) || kind === 'firstOk') && policy === 'receiveErrors';
}

/** The time of a wait: a past constant, a parameter, or its input, which is long past. */
export function timeOf({ seed }: Step): 'past' | 'soon' | 'input' {
  return (['past', 'soon', 'input'] as const)[seed % 3]!;
}

/** Whether its signal is sent; else its wait expires. */
export function isTold({ seed }: Step): boolean {
  return seed % 4 !== 3;
}

/** Whether a knot of its nested tapestry receives the failure. */
export function isReceivedWithin({ seed }: Step): boolean {
  return seed % 2 === 0;
}

/** Each waiting knot has its own signal, so that the order of their beginnings does not matter. */
export function signalOf({ id }: Step): string {
  return `signal-${id}`;
}
