import type { DefinitionRecord, TapestryRecord } from './records';

/**
 * The names under which other processes know the bodies of tapestries: those of definitions, and those of functions in place. One body may
 * come in several records, as of a definition and of its optional() twin.
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
export function bodyName(
  { inline, name, version }: Pick<DefinitionRecord, 'inline' | 'name' | 'version'>,
  tapestry: string,
  knot: string,
): string {
  if (inline) return `${tapestry}#${knot}#${name}`;
  return version === undefined ? name : `${name}@${version}`;
}
