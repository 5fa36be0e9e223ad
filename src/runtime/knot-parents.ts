import { idOfPart, freshPart } from './element-values';
import type { ElementKnot } from './element-knots';
import type { ParentOutcomes } from './node-outcome';
import type { ValueId } from './cache-key';
import type { Sha256 } from '../values';
import type { PlanKnot } from '../plan';
import type { DefinitionRecord } from '../authoring/records';

/** Copies the value of an input at each call, or its outcome if the body receives outcomes. */
export type InputReader = (parent: number, input: string) => unknown;

/** A knot's parents, by their indexes in the plan. */
export interface KnotParents extends ParentOutcomes {
  /** Hash of a parent's value; null if the parent has no value. */
  hashOf(parent: number, input: string): string | null;
  /** Identity of the value of a parent that is Ok. */
  identityOf(parent: number, input: string): ValueId;
  /**
   * @param knot reduced to the wanted inputs
   * @throws SelvageError `ValueMissing`, `ValueDamaged`, `BackendUnavailable`
   */
  read(knot: PlanKnot, receives: DefinitionRecord['receives']): InputReader | Promise<InputReader>;
}

/** The inputs of a map's elements, not yet decoded. */
export interface ElementInputs {
  /** The list's element for an input; undefined for an input that all elements share. */
  textOf(element: ElementKnot, input: string): string | undefined;
  /** @param parent index in the plan of a parent that all elements share */
  sharedId(parent: number): ValueId;
  sharedValue(parent: number): unknown;
}

/** The parents of one element of a map. The element's inputs are at hand. */
export class ElementParents implements KnotParents {
  constructor(
    private readonly element: ElementKnot,
    private readonly inputs: ElementInputs,
    private readonly digest: Sha256,
  ) {}

  hashOf(parent: number, input: string): string {
    return this.identityOf(parent, input).hash;
  }

  identityOf(parent: number, input: string): ValueId {
    const text = this.inputs.textOf(this.element, input);
    return text === undefined ? this.inputs.sharedId(parent) : idOfPart(text, this.digest);
  }

  kindOf(): 'ok' {
    return 'ok';
  }

  valueOf(): never {
    throw new Error(`Element "${this.element.id}" passes no value on.`);
  }

  read(): InputReader {
    const { element, inputs } = this;
    return (parent, input) => {
      const text = inputs.textOf(element, input);
      return text === undefined ? inputs.sharedValue(parent) : freshPart(text);
    };
  }
}
