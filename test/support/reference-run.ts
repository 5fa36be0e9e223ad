import { compute, ITERATIONS, type Recipe, type Shape, type Step } from './random-tapestry';

/*
 * What a run of a recipe comes to, by the rules of the documentation and nothing else: one knot after the other, in the order
 * in which they are placed, with plain values. Nothing of the engine is used here.
 */

export type ReferenceOutcome =
  | { readonly kind: 'ok'; readonly value: unknown }
  | { readonly kind: 'err'; readonly type: string }
  | { readonly kind: 'skipped'; readonly reason: string };

/** By knot id. */
export function referenceRun({ parameter, steps }: Recipe): ReadonlyMap<string, ReferenceOutcome> {
  const outcomes = new Map<string, ReferenceOutcome>();
  const optional = new Map(steps.map((step) => [step.id, isOptional(step)]));
  /** What the children of a knot see of it. */
  const seen = (id: string): ReferenceOutcome => {
    const outcome = outcomes.get(id)!;
    return outcome.kind === 'err' && optional.get(id) ? { kind: 'skipped', reason: 'optional' } : outcome;
  };
  for (const step of steps) {
    const inputs = step.inputs.map(seen);
    outcomes.set(step.id, step.kind === 'parameter' ? ok(parameter) : outcomeOf(step, inputs));
  }
  return outcomes;
}

/** Whether the run counts as failed. */
export function hasFailed({ steps }: Recipe, outcomes: ReadonlyMap<string, ReferenceOutcome>): boolean {
  return steps.some((step) => outcomes.get(step.id)!.kind === 'err' && !isOptional(step));
}

/** Of these kinds there are optional definitions. */
function isOptional({ kind, optional }: Step): boolean {
  return optional && (kind === 'mix' || kind === 'tally' || kind === 'spread');
}

function outcomeOf(step: Step, inputs: readonly ReferenceOutcome[]): ReferenceOutcome {
  if (step.kind === 'tally') return ok(compute.tally(inputs.map(told), step.seed));
  if (step.kind === 'firstOk') return firstOk(inputs);
  if (inputs.some(({ kind }) => kind !== 'ok')) {
    return step.requiresAll
      ? { kind: 'err', type: 'RequireAllParents' }
      : { kind: 'skipped', reason: 'parent_failed_or_skipped' };
  }
  const values = inputs.map((input) => (input as { value: unknown }).value);
  return outcomeOfValues(step, values);
}

function outcomeOfValues({ kind, seed, tag }: Step, values: readonly unknown[]): ReferenceOutcome {
  const [first, second] = values;
  switch (kind) {
    case 'source':
      return ok(compute.source(seed));
    case 'mix':
      try {
        return ok(compute.mix(values as number[], seed));
      } catch {
        return { kind: 'err', type: 'Error' };
      }
    case 'aggregate':
      return ok(compute.aggregate(values as number[], seed));
    case 'sink':
      return ok(compute.sink(first as number, seed));
    case 'spread':
      return ok(compute.spread(first as number, seed));
    case 'sum':
      return ok(compute.sum(first as number[], seed));
    case 'highest':
      return ok(compute.highest(first as number[], seed));
    case 'draw':
      return ok(compute.draw(first as number, seed));
    case 'area':
      return ok(compute.area(first as Shape, seed));
    case 'map':
      return mapped(first as number[], seed);
    case 'loop': {
      let n = first as number;
      for (let iteration = 0; iteration < ITERATIONS; iteration++) {
        n = compute.grow(n, seed);
        if (compute.isGrown(n)) return ok({ type: 'a', n, seed });
      }
      return { kind: 'err', type: 'LoopLimit' };
    }
    case 'waitForSignal':
      return ok(compute.signal(seed));
    case 'sleep':
      return ok(first);
    case 'subTapestry':
      try {
        return ok(compute.nested(first as number, seed));
      } catch {
        return { kind: 'err', type: 'SubRunFailed' };
      }
    case 'gate': {
      const answer = compute.gate(first as number, seed);
      if (typeof answer !== 'boolean') return { kind: 'err', type: 'NotABoolean' };
      return answer ? ok(first) : { kind: 'skipped', reason: 'gate_closed' };
    }
    case 'selector': {
      const chosen = compute.selector(first as number, seed);
      return ['small', 'large'].includes(chosen) ? ok(chosen) : { kind: 'err', type: 'UnknownBranch' };
    }
    case 'on':
      return ok((first as Shape).type);
    case 'path':
      return first === tag ? ok(second) : { kind: 'skipped', reason: 'branch_not_selected' };
    default:
      throw new Error(`${kind} has no values.`);
  }
}

/** Failed elements are left out where the seed is even, and fail the map else. */
function mapped(numbers: readonly number[], seed: number): ReferenceOutcome {
  const values: number[] = [];
  let failed = 0;
  for (const number of numbers) {
    try {
      values.push(compute.element(number, seed));
    } catch {
      failed += 1;
    }
  }
  return failed > 0 && seed % 2 === 1 ? { kind: 'err', type: 'MapElements' } : ok(values);
}

function firstOk(inputs: readonly ReferenceOutcome[]): ReferenceOutcome {
  const chosen = inputs.find(({ kind }) => kind === 'ok');
  if (chosen) return chosen;
  return inputs.some(({ kind }) => kind === 'err')
    ? { kind: 'err', type: 'NoAlternative' }
    : { kind: 'skipped', reason: 'no_alternative' };
}

function told(outcome: ReferenceOutcome): string {
  if (outcome.kind === 'ok') return `ok ${JSON.stringify(outcome.value)}`;
  return outcome.kind === 'err' ? `err ${outcome.type}` : `skipped ${outcome.reason}`;
}

function ok(value: unknown): ReferenceOutcome {
  return { kind: 'ok', value };
}
