import type { DefinitionRecord, TapestryRecord } from '../../authoring/records';

/**
 * The names under which threads know the bodies of tapestries: those of definitions, and those of functions in place. One body may come in
 * several records, as of a definition and of its optional() twin.
 */
export function* bodyNames(
  tapestries: Iterable<TapestryRecord>,
): Iterable<readonly [string, DefinitionRecord]> {
  for (const tapestry of tapestries) {
    for (const { id, definition } of tapestry.knots.values()) {
      if (!definition) continue;
      for (const body of [definition, definition.map?.each]) {
        if (body) yield [bodyName(body, tapestry.name, id), body];
      }
    }
    for (const definition of tapestry.definitions ?? []) yield [bodyName(definition, '', ''), definition];
  }
}

/** A name of a definition has no `#`. */
function bodyName({ inline, name, version }: DefinitionRecord, tapestry: string, knot: string): string {
  if (inline) return `${tapestry}#${knot}#${name}`;
  return version === undefined ? name : `${name}@${version}`;
}
