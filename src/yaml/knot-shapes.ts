/* eslint-disable @typescript-eslint/no-explicit-any -- what a document says has no types before it is built */
import type { Knot } from '../authoring';
import { nearestName } from '../authoring/names';
import type { DefinitionRecord } from '../authoring/records';
import { elementOf, inputShape, mismatch, stepInto, UNKNOWN, type KnownShape } from './known-shape';
import type { Problems, Range } from './problems';
import type { NodeSection } from './read-document';

type AnyKnot = Knot<any>;

/** Known shapes of knots' values, to find inputs that can never fit. */
export class KnotShapes {
  private readonly shapes = new Map<AnyKnot, KnownShape>();

  constructor(private readonly problems: Problems) {}

  of(knot: AnyKnot): KnownShape {
    return this.shapes.get(knot) ?? UNKNOWN;
  }

  has(knot: AnyKnot): boolean {
    return this.shapes.has(knot);
  }

  set(knot: AnyKnot, shape: KnownShape): void {
    this.shapes.set(knot, shape);
  }

  walk(from: AnyKnot, name: string, steps: readonly string[], range: () => Range): KnownShape {
    let shape = this.of(from);
    for (const [index, step] of steps.entries()) {
      const next = stepInto(shape, step);
      if (next.kind === 'known') {
        shape = next.shape;
        continue;
      }
      const nearest = nearestName(step, next.fields);
      const of = index === 0 ? `the value of "${name}"` : `"${steps.slice(0, index).join('.')}" of "${name}"`;
      this.problems.add(range(), {
        code: 'UnknownField',
        message: `There is no "${step}" in ${of}: ${next.why}${nearest === undefined ? '' : ` (did you mean "${nearest}"?)`}.`,
        ...(next.fields.length > 0 && { expected: next.fields.join(', ') }),
        ...(nearest !== undefined && { suggestion: nearest }),
      });
      return UNKNOWN;
    }
    return shape;
  }

  /** Reports inputs that can never have the definition's type. */
  checkKinds(
    { section }: NodeSection,
    definition: DefinitionRecord,
    inputs: Readonly<Record<string, unknown>>,
    group: string,
  ): void {
    if (definition.receives === 'outcomes') return;
    for (const [name, value] of Object.entries(inputs)) {
      const given = this.shapes.get(value as AnyKnot);
      if (given && given !== UNKNOWN)
        this.checkKind(
          () => section.at(group, name),
          given,
          inputShape(definition.input, name),
          `the input "${name}" of ${definition.name}`,
        );
    }
  }

  checkElement(
    node: NodeSection,
    over: AnyKnot,
    definition: DefinitionRecord | undefined,
    bind: string,
    path: readonly string[],
  ): void {
    if (!definition) return;
    const element = elementOf(this.of(over));
    this.checkKind(
      () => node.section.at(...path),
      element,
      inputShape(definition.input, bind),
      `the input "${bind}" of ${definition.name}, which gets each element,`,
    );
  }

  private checkKind(range: () => Range, given: KnownShape, wanted: KnownShape, what: string): void {
    const wrong = mismatch(given, wanted);
    if (!wrong) return;
    this.problems.add(range(), {
      code: 'TypeMismatch',
      message: `The value is ${wrong.given}, and ${what} takes ${wrong.wanted}.`,
      expected: `a node whose value is ${wrong.wanted}, or a part of one: { from: …, path: … }`,
    });
  }
}
