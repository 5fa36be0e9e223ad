import type { PlanKnot, PlanPolicy } from '../../plan';
import {
  CodeHashes,
  NamedDefinitions,
  encodeOutput,
  planOf,
  validateParameters,
  withNested,
  type EncodedValue,
} from '../../runtime';
import { Replacements } from '../../in-process/replacements';
import type { DefinitionRecord, KnotBody, TapestryRecord } from '../../authoring/records';
import { nodeSha256 } from '../../node/node-sha256';
import { Subject } from './subject';

export interface PresentBody {
  readonly definition: DefinitionRecord;
  /** The code hash is null for a simulated body, whose values are not reused. */
  readonly codeHash: string | null;
}

export interface StoodFor {
  readonly subject: Subject;
  readonly knot: PlanKnot;
  /** The number of runs of a loop; undefined for other knots. */
  readonly iteration: number | undefined;
  /** The number of body calls in the body's world, including this call. */
  readonly call: number;
  /** Decides what a gate or branch does. */
  readonly decision: number;
}

/** The maximum elements of a map, and one more than a loop's maximum of iterations. */
const MOST_PARTS = 4;

/** The bodies of one tapestry for all its runs: real or simulated. */
export class Bodies {
  readonly subject: Subject;
  readonly definitions: NamedDefinitions;
  private readonly replacements: Replacements;
  private readonly codeHashes = new CodeHashes(nodeSha256);
  private readonly present = new Map<string, PresentBody>();
  private readonly nested = new Map<string, Bodies>();

  /** @param areReal whether bodies are the tapestry's own, so their results are compared between runs */
  constructor(
    tapestry: TapestryRecord,
    readonly areReal: boolean,
    replace: Readonly<Record<string, KnotBody>>,
    isNested = false,
  ) {
    this.definitions = new NamedDefinitions(withNested(tapestry), nodeSha256);
    this.replacements = new Replacements(tapestry, new Map(Object.entries(replace)), nodeSha256);
    const isReplaced = (id: string): boolean => {
      const placed = tapestry.knots.get(id);
      return placed?.definition !== undefined && this.replacements.bodyOf(placed)!.codeHash !== undefined;
    };
    this.subject = Subject.of(tapestry, isReplaced, isNested);
  }

  /** @param knot of the tapestry, or of an extension, which names its definition */
  of(knot: string, name: string, version: string | undefined): PresentBody {
    let present = this.present.get(knot);
    if (!present) this.present.set(knot, (present = this.find(knot, name, version)));
    return present;
  }

  /** The policy is empty for a knot of an extension. */
  policyOf(knot: string): PlanPolicy {
    const { loaded } = planOf(this.subject.tapestry, nodeSha256);
    return loaded.has(knot) ? loaded.knot(knot).policy : {};
  }

  nestedIn(knot: string): Bodies {
    let nested = this.nested.get(knot);
    if (!nested) {
      const placed = this.subject.tapestry.knots.get(knot)!;
      nested = new Bodies(placed.nested!, this.areReal, this.replacements.nestedIn(placed), true);
      this.nested.set(knot, nested);
    }
    return nested;
  }

  /** The encoded parameters, unchecked if bodies are simulated. @throws SelvageError `InvalidParameters` */
  async parameters(given: Readonly<Record<string, unknown>>): Promise<EncodedValue[]> {
    const { ids, parameterCount } = this.subject.layout;
    const names = ids.slice(0, parameterCount).map((id) => id.slice('param:'.length));
    if (!this.areReal) return names.map((name, place) => encodeOutput(given[name] ?? [place], nodeSha256));
    const accepted = await validateParameters(this.subject.tapestry, given);
    return names.map((name) => encodeOutput(accepted.get(name), nodeSha256));
  }

  private find(id: string, name: string, version: string | undefined): PresentBody {
    const placed = this.subject.tapestry.knots.get(id)?.definition;
    const definition = placed?.map?.each ?? placed ?? this.definitions.get(name, version)!;
    const { codeHash, definition: runs } = this.replacements.bodyOf({ id, definition })!;
    const policy = this.subject.plan.has(id) ? this.subject.plan.knot(id).policy : {};
    const { input: _, output: __, ...unchecked } = runs;
    return {
      definition: this.areReal ? runs : unchecked,
      codeHash:
        codeHash === undefined || policy.onCodeChange === 'wait'
          ? this.codeHashes.of(definition, policy)
          : null,
    };
  }
}

/**
 * A value that is new at each call, so that only the commit point makes its readers agree. The value is a list if a map
 * may iterate over it.
 */
export function standIn({ subject, knot, iteration = 0, call, decision }: StoodFor): unknown {
  const { node } = knot.policy;
  if (node === 'gate') return decision % 2 === 0;
  if (node === 'loop') return iteration > subject.plan.indexOf(knot.id) % (MOST_PARTS - 1);
  if (node === 'branch') {
    const { branches } = knot.inputs;
    const paths = subject.plan.pathsOf(knot).map(({ policy }) => policy.path!);
    const tags = branches && 'constant' in branches ? (branches.constant as string[]) : paths;
    return tags[decision % Math.max(1, tags.length)];
  }
  if (!subject.mayGoOver) return call;
  return Array.from({ length: call % (MOST_PARTS + 1) }, (_, place) => `${call}.${place}`);
}
