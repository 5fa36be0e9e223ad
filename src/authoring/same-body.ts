import type { DefinitionRecord } from './records';

/**
 * Whether two definitions of one name and version have the same code and schemas. Equal text is not enough, as
 * functions and schemas may have captured different values.
 */
export function isSameBody(one: DefinitionRecord, other: DefinitionRecord): boolean {
  return (
    one.code === other.code &&
    one.input === other.input &&
    one.output === other.output &&
    one.receives === other.receives
  );
}

/** How two definitions of one name and version differ, and what to do. */
export function differenceOf(one: DefinitionRecord, other: DefinitionRecord): string {
  const remedy = 'Share one definition, or give one of them another name or version.';
  if (one.source !== other.source) return `Their bodies differ. ${remedy}`;
  if (one.code === other.code)
    return `They have one function, and differ in their schemas or in what they receive. ${remedy}`;
  return (
    'Their bodies have the same source and are two functions, which may have captured different values: nothing but the name tells a run ' +
    `which one is meant. Make the definition once, outside of the function that is called twice, and give what differs as an input; a function ` +
    `that takes type parameters is declared once and named in each: knot('first', firstOf<string>). Or give one of them another name or version.`
  );
}
