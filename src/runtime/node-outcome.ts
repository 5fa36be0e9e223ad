import type { Sha256 } from '../values';
import { nestedPlan, type PlanKnot } from '../plan';
import type { OwnSkipReason } from '../scheduler';
import { SelvageError } from '../errors';
import type { OutcomeKind } from '../authoring/outcome';
import type { NodeKind } from '../authoring/records';
import type { LineageRecord, StoredValue } from '../ports';
import { encodeOutput, storedValues, type EncodedValue } from './encoded-value';
import type { Execution, OutcomeToRecord } from './lineage';
import { recordWithoutBody } from './without-body';
import type { LoadedPlan } from './loaded-plan';

/** A knot's parents, by their indexes in the plan. */
export interface ParentOutcomes {
  /** The value of a parent that is Ok. */
  valueOf(parent: number): EncodedValue;
  /** The outcome as a child sees it: an optional parent that failed counts as skipped. */
  kindOf(parent: number): OutcomeKind;
}

export interface KnotOutcomeToRecord {
  readonly outcome: OutcomeToRecord;
  /** Bytes of the value that the data store must hold; empty for a value that is passed on. */
  readonly values: readonly StoredValue[];
}

/** Inputs that a node's function reads. A wait does not read inputs that it passes on. */
const READ_INPUTS: Readonly<Partial<Record<NodeKind, readonly string[]>>> = {
  waitForSignal: [],
  sleep: ['ms'],
  waitUntil: ['time'],
};

export function withReadInputs(knot: PlanKnot): PlanKnot {
  const read = knot.policy.node && READ_INPUTS[knot.policy.node];
  if (!read) return knot;
  return { ...knot, inputs: Object.fromEntries(read.map((name) => [name, knot.inputs[name]!])) };
}

/** Whether the node needs only its parents' outcomes, not their values. */
export function needsNoInputs({ policy }: PlanKnot): boolean {
  return policy.node === 'firstOk';
}

/**
 * Whether a body is called for the knot itself. Not for maps and nested tapestries, whose elements or knots have
 * bodies.
 */
export function callsBody(knot: PlanKnot): boolean {
  const { node } = knot.policy;
  return node === undefined || node === 'gate' || node === 'branch';
}

/**
 * Converts a body's result to the knot's outcome. For most knots the result is the value. A node's result decides which
 * parent's value is passed on, or which path is taken.
 *
 * @throws SelvageError `NotEncodable`; `NotABoolean`, `UnknownBranch`, `NoAlternative`, which fail the knot
 * as if its body had thrown
 */
export function outcomeOfResult(
  plan: LoadedPlan,
  knot: PlanKnot,
  result: unknown,
  parents: ParentOutcomes,
  digest: Sha256,
): KnotOutcomeToRecord {
  switch (knot.policy.node) {
    case undefined:
    // `outcomeOfLoop` decides whether a loop is over.
    case 'loop':
    case 'subTapestry':
    case 'waitForSignal': {
      const value = encodeOutput(result, digest);
      return { outcome: { kind: 'ok', value }, values: storedValues(value) };
    }
    case 'sleep':
    case 'waitUntil': {
      if (knot.inputs['input']) return passOn(parents, parentOf(knot, 'input'));
      const value = encodeOutput(undefined, digest);
      return { outcome: { kind: 'ok', value }, values: storedValues(value) };
    }
    case 'gate':
      return isOpen(knot, result) ? passOn(parents, parentOf(knot, 'input')) : skipped('gate_closed');
    case 'branch': {
      const choice = chosenTag(plan, knot, result);
      const value = encodeOutput(choice, digest);
      return { outcome: { kind: 'ok', value, choice }, values: storedValues(value) };
    }
    case 'map':
      throw new Error(`Map "${knot.id}" has no body of its own.`);
    case 'firstOk':
      return firstOk(plan, knot, parents);
  }
}

/**
 * Outcomes to record for a branch's paths.
 *
 * @param parents of the branch, whose input the chosen path passes on
 * @param tags of the paths that are in the run
 */
export function pathRecords(
  plan: LoadedPlan,
  branch: LineageRecord,
  parents: Pick<ParentOutcomes, 'valueOf'>,
  tags: readonly string[],
  execution: Execution,
): LineageRecord[] {
  const { choice } = branch.extra as { choice?: string };
  const input = parents.valueOf(parentOf(plan.knot(branch.knot_id), 'input'));
  const branchIndex = plan.indexOf(branch.knot_id);
  const hashOf = (parent: number): string | null =>
    parent === branchIndex ? branch.output_hash : input.hash;
  return plan
    .pathsOf(plan.knot(branch.knot_id))
    .filter(({ policy }) => tags.includes(policy.path!))
    .map((path) => {
      const outcome: OutcomeToRecord =
        path.policy.path === choice ? passed(input) : { kind: 'skipped', reason: 'branch_not_selected' };
      return recordWithoutBody(plan, path, execution, outcome, hashOf);
    });
}

/**
 * The loop's outcome, or undefined to continue.
 *
 * @param isOver answer of the loop's `until`
 * @throws SelvageError `NotABoolean`, `LoopLimit`
 */
export function outcomeOfLoop(
  knot: PlanKnot,
  isOver: unknown,
  state: EncodedValue,
  iterations: number,
): KnotOutcomeToRecord | undefined {
  requireBoolean(isOver, `"until" of loop "${knot.id}"`, knot);
  if (isOver) return { outcome: { kind: 'ok', value: state, iterations }, values: storedValues(state) };
  const { max } = nestedPlan(knot)!;
  if (iterations < max!) return undefined;
  throw new SelvageError(
    'LoopLimit',
    `Loop "${knot.id}" was not over after ${iterations} iteration${iterations === 1 ? '' : 's'}, as many as it may have. Raise its "max", or ` +
      'let its "until" answer true sooner.',
    { details: { knot: knot.id, max } },
  );
}

function isOpen(knot: PlanKnot, result: unknown): boolean {
  requireBoolean(result, `The predicate of gate "${knot.id}"`, knot);
  return result;
}

function requireBoolean(result: unknown, whose: string, knot: PlanKnot): asserts result is boolean {
  if (typeof result === 'boolean') return;
  throw new SelvageError(
    'NotABoolean',
    `${whose} answered ${shown(result)}, and must answer true or false. Let it compare, or make a boolean of its answer: Boolean(…).`,
    { details: { knot: knot.id } },
  );
}

function chosenTag(plan: LoadedPlan, knot: PlanKnot, result: unknown): string {
  const { branches } = knot.inputs;
  const listed = branches && 'constant' in branches ? (branches.constant as string[]) : undefined;
  const tags = listed ?? plan.pathsOf(knot).map(({ policy }) => policy.path!);
  if (typeof result === 'string' && tags.includes(result)) return result;
  const paths = tags.map((tag) => `"${tag}"`).join(', ');
  throw new SelvageError(
    'UnknownBranch',
    `Branch "${knot.id}" chose ${shown(result)}, and has ` +
      (paths
        ? `the paths ${paths}. Let it choose one of them, or add a path.`
        : 'no paths. Add one by its path().'),
    { details: { knot: knot.id, tags } },
  );
}

function firstOk(plan: LoadedPlan, knot: PlanKnot, parents: ParentOutcomes): KnotOutcomeToRecord {
  const alternatives = Object.values(knot.inputs).flatMap((input) =>
    'parent' in input ? [input.parent] : [],
  );
  const chosen = alternatives.find((parent) => parents.kindOf(parent) === 'ok');
  if (chosen !== undefined) return passOn(parents, chosen);
  const failed = alternatives.filter((parent) => parents.kindOf(parent) === 'err');
  if (failed.length === 0) return skipped('no_alternative');
  const named = failed.slice(0, 5).map((parent) => `"${plan.parentId(parent)}"`);
  throw new SelvageError(
    'NoAlternative',
    `Knot "${knot.id}" takes the first that is Ok of ${alternatives.length}, and none is: ${named.join(', ')}` +
      `${failed.length > named.length ? ` and ${failed.length - named.length} more` : ''} failed. Look at those, or add an ` +
      'alternative that cannot fail.',
    { details: { knot: knot.id } },
  );
}

function parentOf(knot: PlanKnot, name: string): number {
  const input = knot.inputs[name]!;
  if ('parent' in input) return input.parent;
  throw new Error(`Input "${name}" of knot "${knot.id}" is a constant.`);
}

function passOn(parents: ParentOutcomes, parent: number): KnotOutcomeToRecord {
  return { outcome: passed(parents.valueOf(parent)), values: [] };
}

function passed(value: EncodedValue): OutcomeToRecord {
  return { kind: 'ok', value };
}

function skipped(reason: OwnSkipReason): KnotOutcomeToRecord {
  return { outcome: { kind: 'skipped', reason }, values: [] };
}

function shown(result: unknown): string {
  if (typeof result === 'string') return `"${result.slice(0, 100)}"`;
  return typeof result === 'number' || result === null ? String(result) : `a value of type ${typeof result}`;
}
