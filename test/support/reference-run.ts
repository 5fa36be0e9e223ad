import type { Outcome } from '../../src';
import {
  compute,
  plainValue,
  tryLuck,
  type Collected,
  type Shape,
  type Tries,
} from './random-tapestry/compute';
import { ITERATIONS } from './random-tapestry/nested';
import {
  canReceive,
  isOptional,
  isReceivedWithin,
  isTold,
  kindOf,
  receivesFailures,
  type Recipe,
  type Step,
} from './random-tapestry/recipe';

/*
 * Computes the outcomes of a recipe by the rules of the documentation, without any part of the engine. Knots are
 * computed one after the other, in the order of their placing, with plain values.
 */

export type ReferenceOutcome =
  | { readonly kind: 'ok'; readonly value: unknown }
  | { readonly kind: 'err'; readonly type: string }
  | { readonly kind: 'skipped'; readonly reason: string };

/** A real outcome in the form of the reference. */
export function plainOutcome(outcome: Outcome): ReferenceOutcome {
  if (outcome.kind === 'ok') return ok(plainValue(outcome.value));
  return outcome.kind === 'err' ? err(outcome.error.type) : skipped(outcome.reason);
}

/** By knot id. */
export type ReferenceOutcomes = ReadonlyMap<string, ReferenceOutcome>;

export function referenceRun({ parameters, steps }: Recipe): ReferenceOutcomes {
  const given: Readonly<Record<string, number>> = {
    'param:x': parameters.x,
    'param:soon': parameters.soon,
  };
  const outcomes = new Map<string, ReferenceOutcome>();
  const optional = new Map(steps.map((step) => [step.id, isOptional(step)]));
  /** The outcome of a knot as its children see it. */
  const seen = (id: string): ReferenceOutcome => {
    const outcome = outcomes.get(id)!;
    return outcome.kind === 'err' && optional.get(id) ? skipped('optional') : outcome;
  };
  for (const step of steps) {
    if (step.isBrought && outcomes.get(step.inputs[0]!)!.kind !== 'ok') continue;
    const inputs = step.inputs.map(seen);
    outcomes.set(step.id, step.kind === 'parameter' ? ok(given[step.id]) : outcomeOf(step, inputs));
  }
  return outcomes;
}

/** Whether the run counts as failed. */
export function hasFailed({ steps }: Recipe, outcomes: ReferenceOutcomes): boolean {
  return failuresThatCount(steps, outcomes).length > 0;
}

/** Whether its workflow fails, by `failOn`. */
export function failsWorkflow({ steps, failOn }: Recipe, outcomes: ReferenceOutcomes): boolean {
  const failed = failuresThatCount(steps, outcomes);
  if (failOn === 'never') return false;
  if (failOn === 'any') return failed.length > 0;
  const received = new Set(steps.filter(receivesFailures).flatMap(({ inputs }) => inputs));
  return failed.some(({ id }) => !received.has(id));
}

export function failuresThatCount(steps: readonly Step[], outcomes: ReferenceOutcomes): Step[] {
  return steps.filter((step) => outcomes.get(step.id)?.kind === 'err' && !isOptional(step));
}

/** How often the function of a knot was called; undefined for other kinds, and for calls per element or iteration. */
export function callsOf(step: Step, outcome: ReferenceOutcome): number | undefined {
  if (step.kind === 'parameter' || step.kind === 'path') return undefined;
  // Called for each iteration or element.
  if (step.kind === 'loop' || step.kind === 'highest') return undefined;
  const { calls, isMap } = kindOf(step.kind);
  if (!calls || isMap) return undefined;
  if (outcome.kind === 'skipped' && outcome.reason !== 'gate_closed') return undefined;
  if (outcome.kind !== 'err') return step.tries.throws + 1;
  return outcome.type === 'RequireAllParents' ? undefined : step.tries.attempts;
}

function outcomeOf(step: Step, inputs: readonly ReferenceOutcome[]): ReferenceOutcome {
  if (!receivesFailures(step) && inputs.some(({ kind }) => kind !== 'ok')) {
    return step.policy === 'requireAllParents'
      ? err('RequireAllParents')
      : skipped('parent_failed_or_skipped');
  }
  if (step.kind === 'firstOk') return firstOk(inputs);
  if (isMap(step)) return mapped(step, valuesOf(inputs));
  if (!hasLuck(step.tries) && !isFoldOfNone(step, inputs)) return err('Error');
  if (canReceive(step.kind)) return ok(compute.tally(inputs.map(told), step.seed));
  return outcomeOfValues(step, valuesOf(inputs));
}

function outcomeOfValues(step: Step, values: readonly unknown[]): ReferenceOutcome {
  const { kind, seed, tag } = step;
  const [first, second] = values;
  switch (kind) {
    case 'source':
      return ok(compute.source(seed));
    case 'mix':
      try {
        return ok(compute.mix(values as number[], seed));
      } catch {
        return err('Error');
      }
    case 'aggregate':
      return ok(compute.aggregate(values as number[], seed));
    case 'planter':
    case 'sink':
      return ok(compute.sink(first as number, seed));
    case 'spread':
      return ok(compute.spread(first as number, seed));
    case 'table':
      return ok(compute.table(first as number, seed));
    case 'sum':
      return ok(compute.sum(first as number[], seed));
    case 'highest':
      return ok(compute.highest(first as number[], seed));
    case 'survivors':
      return ok(compute.survivors(Object.values(first as Collected[]), seed));
    case 'draw':
      return ok(compute.draw(first as number, seed));
    case 'area':
      return ok(compute.area(first as Shape, seed));
    case 'loop': {
      let n = first as number;
      for (let iteration = 0; iteration < ITERATIONS; iteration++) {
        n = compute.grow(n, seed);
        if (compute.isGrown(n)) return ok({ type: 'a', n, seed });
      }
      return err('LoopLimit');
    }
    case 'waitForSignal':
      return isTold(step) ? ok(compute.signal(seed)) : err('SignalTimeout');
    case 'sleep':
    case 'waitUntil':
      return ok(first);
    case 'deadline':
      return typeof first === 'number' ? ok(undefined) : err('InvalidWait');
    case 'subTapestry':
      return ranTapestry(step, first as number);
    case 'gate': {
      const answer = compute.gate(first as number, seed);
      if (typeof answer !== 'boolean') return err('NotABoolean');
      return answer ? ok(first) : skipped('gate_closed');
    }
    case 'selector': {
      const chosen = compute.selector(first as number, seed);
      return ['small', 'large'].includes(chosen) ? ok(chosen) : err('UnknownBranch');
    }
    case 'on': {
      // It knows only the paths with a knot.
      const paths = ['a', 'b'].filter((path) => path !== step.without);
      const { type } = first as Shape;
      return paths.includes(type) ? ok(type) : err('UnknownBranch');
    }
    case 'path':
      return first === tag ? ok(second) : skipped('branch_not_selected');
    default:
      throw new Error(`${kind} has no values.`);
  }
}

/** One knot of the nested tapestry may fail, and others replace its value. */
function ranTapestry(step: Step, x: number): ReferenceOutcome {
  const { seed, failOn } = step;
  try {
    return ok(compute.recovered(compute.made(x, seed), seed));
  } catch {
    const counts = failOn === 'any' || (failOn === 'unhandled' && !isReceivedWithin(step));
    return counts ? err('SubRunFailed') : ok(compute.recovered(undefined, seed));
  }
}

function isMap({ kind }: Step): boolean {
  return kind === 'map' || kind === 'mapRecord' || kind === 'mapLists';
}

/** A fold of nothing does not call its function. */
function isFoldOfNone({ kind }: Step, inputs: readonly ReferenceOutcome[]): boolean {
  return kind === 'highest' && (valuesOf(inputs)[0] as unknown[]).length === 0;
}

/** Over a list, a record, or two lists. */
function mapped(step: Step, [first, second]: readonly unknown[]): ReferenceOutcome {
  if (step.kind === 'mapRecord') {
    const entries = Object.entries(first as Record<string, number>);
    const results = entries.map(([key, number]) => [key, elementOf(step, number)] as const);
    return composed(step, results, (left) => Object.fromEntries(left));
  }
  let numbers = first as readonly number[];
  if (step.kind === 'mapLists') {
    const others = second as readonly number[];
    if (others.length !== numbers.length) return err('UnequalLists');
    numbers = numbers.map((number, place) => number + others[place]!);
  }
  const results = numbers.map((number, place) => [`${place}`, elementOf(step, number)] as const);
  return composed(step, results, (left) => left.map(([, value]) => value));
}

function elementOf({ seed, tries }: Step, number: number): Collected {
  try {
    if (!hasLuck(tries)) throw new Error('no luck yet');
    return { kind: 'ok', value: compute.element(number, seed) };
  } catch (error) {
    return { kind: 'err', error: { type: 'Error', message: (error as Error).message } };
  }
}

/** @param whole makes the value of the elements that are not left out */
function composed(
  { onError }: Step,
  results: readonly (readonly [key: string, Collected])[],
  whole: (left: readonly (readonly [key: string, unknown])[]) => unknown,
): ReferenceOutcome {
  if (onError === 'collect') return ok(whole(results));
  const left = results.flatMap(([key, one]) => (one.kind === 'ok' ? [[key, one.value] as const] : []));
  if (onError === 'fail' && left.length < results.length) return err('MapElements');
  return ok(whole(left));
}

/** Whether one of its attempts succeeds. */
function hasLuck(tries: Tries): boolean {
  for (let attempt = 1; attempt <= tries.attempts; attempt++) {
    try {
      tryLuck(tries, attempt);
      return true;
    } catch {
      // The next one.
    }
  }
  return false;
}

function firstOk(inputs: readonly ReferenceOutcome[]): ReferenceOutcome {
  const chosen = inputs.find(({ kind }) => kind === 'ok');
  if (chosen) return chosen;
  return inputs.some(({ kind }) => kind === 'err') ? err('NoAlternative') : skipped('no_alternative');
}

function valuesOf(inputs: readonly ReferenceOutcome[]): unknown[] {
  return inputs.map((input) => (input as { value: unknown }).value);
}

function told(outcome: ReferenceOutcome): string {
  if (outcome.kind === 'ok') return `ok ${JSON.stringify(outcome.value)}`;
  return outcome.kind === 'err' ? `err ${outcome.type}` : `skipped ${outcome.reason}`;
}

function ok(value: unknown): ReferenceOutcome {
  return { kind: 'ok', value };
}

function err(type: string): ReferenceOutcome {
  return { kind: 'err', type };
}

function skipped(reason: string): ReferenceOutcome {
  return { kind: 'skipped', reason };
}
