import type { DefinitionRecord } from '../authoring/records';
import { isSameBody } from '../authoring/same-body';

interface Tagged {
  readonly definition: DefinitionRecord;
  readonly name: string;
  readonly tag: string | undefined;
}

/**
 * Names already used by bodies of this process. They are never freed, so that a later body of a name is not taken for
 * the first.
 */
const taken = new Set<string>();
const tagged = new WeakMap<object, Tagged[]>();

/**
 * Distinguishes bodies of equal source, which may have captured different values. The first of a name in this process
 * has no tag, like the first in any other process. Each further one has a tag that no other process generates.
 *
 * @param name what identifies the body in all processes: what it is, and the hash of its source
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
