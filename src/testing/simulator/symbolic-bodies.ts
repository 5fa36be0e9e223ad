import { nodeSha256 } from '../../adapters/shared/node-sha256';
import { nestedPlan } from '../../engine';
import { cacheKeyOf, parametersAmong, valuesOfNested } from '../../execution';
import type { BodyCall, BodyEnd, PlacedKnot } from './attempt';
import type { Bodies, NestCall, Nested, RunBodies } from './bodies';
import type { FailedRecord, KnotRecord, Value } from './store';
import type { Subject } from './subject';
import { isElement } from './units';

type Given = Readonly<Record<string, Value>>;

/** So many elements a map has at most, and one less iterations a loop. */
const MOST_PARTS = 4;

/**
 * Stand for bodies: they fail where the schedule says so, and else give something new at each call. So nothing but the
 * commit point can make all that reads a value read the same.
 */
export class SymbolicBodies implements Bodies {
  readonly areReal = false;

  constructor(private readonly subject: Subject) {}

  forRun(): RunBodies {
    const { parameterCount } = this.subject.layout;
    const parameters = Array.from({ length: parameterCount }, (_, knot) => knot);
    return new SymbolicRun(parameters, { made: parameterCount });
  }
}

/** How often the function of a loop says that it is not over, and once more, however often it may. */
export function iterationsOf(knot: number): number {
  return 1 + (knot % (MOST_PARTS - 1));
}

const FAILURE = new Error('The schedule lets it fail');

class SymbolicRun implements RunBodies {
  constructor(
    readonly parameters: readonly Value[],
    /** Shared by all runs of one world. */
    private readonly count: { made: number },
  ) {}

  call(call: BodyCall): BodyEnd {
    if (call.isFailing) return { kind: 'threw', error: FAILURE };
    this.count.made += 1;
    if (call.nested) return this.conclude(call, call.nested);
    const record = this.recordOf(call);
    return record ? { kind: 'recorded', record } : { kind: 'threw', error: FAILURE };
  }

  countOf({ inputs }: PlacedKnot): number {
    const [list] = inputs as [Value];
    return typeof list === 'number' ? list % (MOST_PARTS + 1) : list.length % (MOST_PARTS + 1);
  }

  cacheKeyOf({ subject, knot, inputs }: PlacedKnot): string | undefined {
    const { plan, parentsOf } = subject;
    const planKnot = subject.planKnot(knot);
    // Only those whose parents are all Ok are reused.
    const values = inputs as readonly Value[];
    const valueOf = (parent: number): { hash: string } => ({
      hash: String(values[parentsOf[knot]!.indexOf(parent)]),
    });
    return cacheKeyOf(plan, planKnot, plan.definitionOf(planKnot)!.codeHash, valueOf, nodeSha256);
  }

  isReplaced(): boolean {
    return false;
  }

  nest({ subject, knot, inputs, given }: NestCall): Nested {
    const nested = subject.nestedOf(knot);
    const wired = (given ?? this.wired(subject, knot, inputs)) as Given;
    const parameters = nested.plan.plan.parameters.map(({ name }) => wired[name] ?? `default of ${name}`);
    return { given: wired, bodies: new SymbolicRun(parameters, this.count) };
  }

  private wired(subject: Subject, knot: number, inputs: PlacedKnot['inputs']): Given {
    const parameters = Object.entries(nestedPlan(subject.planKnot(knot))!.parameters);
    return Object.fromEntries(
      parameters.map(([name, input]) => [
        name,
        'parent' in input ? (inputs[subject.parentsOf[knot]!.indexOf(input.parent)] as Value) : input.hash,
      ]),
    );
  }

  private conclude(
    { subject, knot }: BodyCall,
    { number, given, run }: NonNullable<BodyCall['nested']>,
  ): BodyEnd {
    let values: Record<string, unknown>;
    try {
      values = valuesOfNested(run);
    } catch (error) {
      return { kind: 'threw', error };
    }
    const { max } = nestedPlan(subject.planKnot(knot))!;
    if (subject.nodeOf(knot) === 'loop' && number < iterationsOf(knot)) {
      if (number === max) return { kind: 'threw', error: FAILURE };
      return { kind: 'next', given: { ...(given as Given), ...parametersAmong(run.plan, values) } };
    }
    return { kind: 'recorded', record: { outcome: 'ok', value: this.count.made } };
  }

  /** Nodes say something else at each call, too; undefined: it fails. */
  private recordOf({ subject, knot, inputs, elements }: BodyCall): KnotRecord | undefined {
    const { made } = this.count;
    if (isElement(knot)) return { outcome: 'ok', value: made };
    if (elements) {
      const failed = elements.find(({ outcome }) => outcome === 'err');
      if (!failed || subject.mapOf(knot)!.onError) return { outcome: 'ok', value: made };
      return { outcome: 'err', type: 'MapElements', message: 'Elements have failed' };
    }
    const node = subject.nodeOf(knot);
    if (node === 'gate') {
      const [value] = inputs as [Value];
      return made % 2 === 0 ? { outcome: 'ok', value } : { outcome: 'skipped', reason: 'gate_closed' };
    }
    if (node === 'branch') {
      const paths = subject.pathsOf(knot);
      const chosen = paths[made % Math.max(1, paths.length)];
      const choice = chosen === undefined ? 'none' : subject.tagOf(chosen)!;
      return { outcome: 'ok', value: made, choice };
    }
    if (node !== 'firstOk') return { outcome: 'ok', value: made };
    const value = inputs.find((input) => typeof input !== 'object');
    if (value !== undefined) return { outcome: 'ok', value };
    const seen = inputs.map((input, place) => failureSeen(subject, knot, place, input as FailedRecord));
    return seen.includes('err') ? undefined : { outcome: 'skipped', reason: 'no_alternative' };
  }
}

function failureSeen(
  subject: Subject,
  knot: number,
  place: number,
  { outcome }: FailedRecord,
): 'err' | 'skipped' {
  const parent = subject.parentsOf[knot]![place]!;
  return outcome === 'err' && !subject.isOptional(parent) ? 'err' : 'skipped';
}
