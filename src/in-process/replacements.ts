import { hashText, type Sha256 } from '../values';
import { SelvageError } from '../errors';
import { withNested } from '../runtime';
import type { DefinitionRecord, KnotBody, KnotRecord, TapestryRecord } from '../authoring/records';

export interface BodyToRun {
  readonly definition: DefinitionRecord;
  /** Set for a body that is a replacement. */
  readonly codeHash?: string;
}

/**
 * Replacements for bodies, by knot id or definition name, also in nested tapestries. A replacement for a knot that
 * runs a tapestry replaces that run. Throws `UnknownKnot`, as a misspelt name would let the real body run.
 */
export class Replacements {
  private readonly prepared = new Map<DefinitionRecord, Map<KnotBody, BodyToRun>>();

  constructor(
    tapestry: TapestryRecord,
    private readonly bodies: ReadonlyMap<string, KnotBody>,
    private readonly sha256: Sha256,
  ) {
    if (bodies.size > 0) refuseUnknown(tapestry, [...bodies.keys()]);
  }

  /** The knot's body; undefined for a parameter. Knots with the same body share one object. */
  bodyOf({ id, definition }: Pick<KnotRecord, 'id' | 'definition'>): BodyToRun | undefined {
    if (!definition) return undefined;
    const body = this.bodies.get(id) ?? this.bodies.get(definition.name) ?? definition.body;
    let ofDefinition = this.prepared.get(definition);
    if (!ofDefinition) this.prepared.set(definition, (ofDefinition = new Map<KnotBody, BodyToRun>()));
    let prepared = ofDefinition.get(body);
    if (!prepared) ofDefinition.set(body, (prepared = this.prepare(definition, body)));
    return prepared;
  }

  /** The replacements inside the knot's tapestry: `<knot>/<id>` for its knots, the name for definitions. */
  nestedIn({ id: knot, tapestry, nested }: KnotRecord): Record<string, KnotBody> {
    const definitions = definitionNames(nested!);
    const bodies: Record<string, KnotBody> = {};
    for (const [name, body] of this.bodies) {
      if (definitions.has(name) && !tapestry.knots.has(name)) bodies[name] = body;
    }
    for (const [name, body] of this.bodies) {
      if (name.startsWith(`${knot}/`)) bodies[name.slice(knot.length + 1)] = body;
    }
    return bodies;
  }

  private prepare(definition: DefinitionRecord, body: KnotBody): BodyToRun {
    if (body === definition.body) return { definition };
    return { definition: { ...definition, body }, codeHash: hashText(body.toString(), this.sha256) };
  }
}

function refuseUnknown(tapestry: TapestryRecord, names: readonly string[]): void {
  const known = new Set([...knotNames(tapestry), ...definitionNames(tapestry)]);
  for (const name of names) {
    if (known.has(name)) continue;
    throw new SelvageError(
      'UnknownKnot',
      `replace names "${name}", but tapestry "${tapestry.name}" has no knot and no definition of that name. ` +
        `Use one of: ${[...known].slice(0, 20).join(', ')}.`,
      { details: { tapestry: tapestry.name, knot: name } },
    );
  }
}

/** Knots of nested tapestries follow the id of the knot that runs them. */
function knotNames(tapestry: TapestryRecord): string[] {
  return [...tapestry.knots.values()].flatMap(({ id, definition, nested }) => [
    ...(definition ? [id] : []),
    ...(nested ? knotNames(nested).map((name) => `${id}/${name}`) : []),
  ]);
}

function definitionNames(tapestry: TapestryRecord): Set<string> {
  const names = [...withNested(tapestry)].flatMap(({ knots, definitions = [] }) => [
    ...definitions.map(({ name }) => name),
    ...[...knots.values()].flatMap(({ definition }) =>
      definition ? [definition.name, ...(definition.map ? [definition.map.each.name] : [])] : [],
    ),
  ]);
  return new Set(names);
}
