import type { DefinitionRecord, TapestryRecord } from './records';

/** The names by which other processes know bodies. A body and its `optional()` twin have two records and one name. */
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

/** `#` occurs in no name of a definition. */
export function bodyName(
  { inline, name, version }: Pick<DefinitionRecord, 'inline' | 'name' | 'version'>,
  tapestry: string,
  knot: string,
): string {
  if (inline) return `${tapestry}#${knot}#${name}`;
  return version === undefined ? name : `${name}@${version}`;
}
