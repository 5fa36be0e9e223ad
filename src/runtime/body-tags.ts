import type { DefinitionRecord } from '../authoring/records';
import { isSameBody } from '../authoring/same-body';

interface Tagged {
  readonly definition: DefinitionRecord;
  readonly name: string;
  readonly tag: string | undefined;
}

/** Names of bodies of this process. Names stay, so that a later body of a name does not count as the first. */
const taken = new Set<string>();
const tagged = new WeakMap<object, Tagged[]>();

/**
 * Distinguishes bodies of equal source, which may have captured different values. The first body of a name has no tag,
 * in any process. Each further body of the name has a tag that no other process generates.
 *
 * @param name identifies the body in all processes: its definition and the hash of its source
 */
export function bodyTag(definition: DefinitionRecord, name: string): string | undefined {
  const known = tagged.get(definition.code) ?? [];
  const found = known.find((one) => one.name === name && isSameBody(one.definition, definition));
  if (found) return found.tag;
  const tag = taken.has(name) ? crypto.randomUUID() : undefined;
  taken.add(name);
  tagged.set(definition.code, [...known, { definition, name, tag }]);
  return tag;
}
