import {
  callsOf,
  failsWorkflow,
  failuresThatCount,
  hasFailed,
  referenceRun,
  type ReferenceOutcome,
  type ReferenceOutcomes,
} from '../reference-run';
import { compute, type Collected } from './compute';
import { isOptional, isTold, receivesFailures, timeOf, type Recipe, type Step } from './recipe';

/** The happenings of a reference run: the kind and outcome of each knot, with its circumstances. */
export function happeningsIn(recipe: Recipe): ReadonlySet<string> {
  const outcomes = referenceRun(recipe);
  const happenings = new Set([happeningOfRun(recipe, outcomes)]);
  for (const step of recipe.steps) {
    if (step.kind === 'parameter') continue;
    const outcome = outcomes.get(step.id);
    // Its planter did not add it.
    if (!outcome) continue;
    const kind = step.isBrought ? 'newcomer' : step.kind;
    happenings.add(`${kind}: ${nameOf(outcome)}`);
    for (const how of circumstancesOf(step, outcome, outcomes)) {
      happenings.add(`${kind}: ${nameOf(outcome)}, ${how}`);
    }
  }
  return happenings;
}

function happeningOfRun(recipe: Recipe, outcomes: ReferenceOutcomes): string {
  const status = hasFailed(recipe, outcomes) ? 'failed' : 'succeeded';
  const failures = failuresThatCount(recipe.steps, outcomes);
  const isOfNewcomers = failures.length > 0 && failures.every(({ isBrought }) => isBrought);
  const ends = failsWorkflow(recipe, outcomes) ? 'fails' : 'completes';
  return `run: ${status}${isOfNewcomers ? ' by a newcomer alone' : ''}, ${recipe.failOn} ${ends} the workflow`;
}

function nameOf(outcome: ReferenceOutcome): string {
  if (outcome.kind === 'ok') return 'ok';
  return outcome.kind === 'err' ? outcome.type : outcome.reason;
}

function* circumstancesOf(
  step: Step,
  outcome: ReferenceOutcome,
  outcomes: ReferenceOutcomes,
): Iterable<string> {
  const inputs = step.inputs.map((id) => outcomes.get(id)!);
  if (isOptional(step) && outcome.kind === 'err') yield 'optional';
  if ((callsOf(step, outcome) ?? 1) > 1) yield 'tried again';
  switch (step.kind) {
    case 'tally':
    case 'census':
    case 'roll':
      if (receivesFailures(step)) for (const { kind } of inputs) yield `told of ${kind}`;
      else yield `with ${step.policy}`;
      break;
    case 'map':
    case 'mapRecord':
    case 'mapLists':
      if (outcome.kind === 'ok') yield* circumstancesOfMap(step, outcome.value as object, inputs);
      break;
    case 'subTapestry': {
      const x = (inputs[0] as { value?: number }).value;
      if (outcome.kind === 'ok' && !isMade(x!, step.seed)) yield `${step.failOn} of a failure`;
      break;
    }
    case 'waitUntil':
      if (outcome.kind === 'ok') yield timeOf(step);
      break;
    case 'waitForSignal':
      if (outcome.kind === 'ok' && isTold(step)) yield 'told';
      break;
    case 'selector':
    case 'on':
      if (step.without !== undefined) yield 'without a path';
      break;
    default:
  }
}

function isMade(x: number, seed: number): boolean {
  try {
    compute.made(x, seed);
    return true;
  } catch {
    return false;
  }
}

function* circumstancesOfMap(
  { onError, tries }: Step,
  value: object,
  [list]: readonly ReferenceOutcome[],
): Iterable<string> {
  const all = Object.values((list as { value: object }).value).length;
  const left = Object.values(value) as Collected[];
  if (all === 0) yield 'of none';
  else if (tries.throws > 0 && tries.throws < tries.attempts) yield 'tried again';
  if (onError === 'skip' && left.length < all) yield 'some left out';
  if (onError === 'collect' && left.some(({ kind }) => kind === 'err')) yield 'failures collected';
}
