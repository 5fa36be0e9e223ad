import { mapOfElement } from '../authoring/element-id';
import { SelvageError } from '../errors';
import type { LineageRecord } from '../ports';

/** A part of a run's values that a capsule hides. */
export interface Redaction {
  /** As given. */
  readonly text: string;
  /** Id of a knot, in any run of the capsule. */
  readonly knot: string;
  /** Names and indexes into the knot's value; `*` stands for all. An empty path is the whole value. */
  readonly path: readonly string[];
}

/** Replaces redacted parts. No encoded value has this tag. */
const REDACTED = { $type: 'redacted' } as const;

/**
 * Reads `users`, `users.*.email`, `param:customer.name`: a knot's id, which may contain dots, and a path.
 *
 * @param knots ids of all knots in the capsule, including elements of maps
 * @throws SelvageError `UnknownKnot`: a misspelt id would reveal its value
 */
export function parseRedactions(texts: readonly string[], knots: ReadonlySet<string>): Redaction[] {
  return texts.map((text) => {
    for (let end = text.length; end > 0; end = text.lastIndexOf('.', end - 1)) {
      const knot = text.slice(0, end);
      if (knots.has(knot))
        return { text, knot, path: end === text.length ? [] : text.slice(end + 1).split('.') };
    }
    throw new SelvageError(
      'UnknownKnot',
      `There is nothing to redact at ${JSON.stringify(text)}: the run has no such knot. Name a knot, or a path into its value: users, users.*.email, param:customer.`,
      { details: { redact: text } },
    );
  });
}

/** Redacted paths in a record's value; an empty path is the whole value. */
export function pathsFor(
  { knot_id: id }: Pick<LineageRecord, 'knot_id'>,
  redactions: readonly Redaction[],
): (readonly string[])[] {
  const map = mapOfElement(id);
  const at = map === undefined ? undefined : elementKey(id.slice(map.length));
  return redactions.flatMap(({ knot, path }) => {
    if (knot === id) return [path];
    if (knot !== map) return [];
    const [first, ...rest] = path;
    return first === undefined || first === '*' || first === at ? [rest] : [];
  });
}

/** The key in the brackets of an element, `[17]` or `["anna"]`; a shortened key stands for itself. */
function elementKey(brackets: string): string {
  const inner = brackets.slice(1, -1);
  try {
    return String(JSON.parse(inner));
  } catch {
    return inner;
  }
}

/** The unredacted rest of an encoded value; undefined if all of it is redacted. `parts`: the redacted parts. */
export function redacted(
  text: string,
  paths: readonly (readonly string[])[],
): { readonly rest: string | undefined; readonly parts: readonly unknown[] } {
  const parts: unknown[] = [];
  let value: unknown = JSON.parse(text);
  for (const path of paths) value = without(value, path, parts);
  return { rest: value === REDACTED ? undefined : JSON.stringify(value), parts };
}

function without(value: unknown, path: readonly string[], parts: unknown[]): unknown {
  const [first, ...rest] = path;
  if (first === undefined) {
    if (value !== REDACTED) parts.push(value);
    return REDACTED;
  }
  if (typeof value !== 'object' || value === null || value === REDACTED) return value;
  // Values that JSON cannot express are wrapped. Paths into wrapped values are undefined, so all of the value is
  // hidden.
  if ('$type' in value) {
    parts.push(value);
    return REDACTED;
  }
  const entries = Object.entries(value).map(([name, part]): [string, unknown] => [
    name,
    first === '*' || first === name ? without(part, rest, parts) : part,
  ]);
  return Array.isArray(value) ? entries.map(([, part]) => part) : Object.fromEntries(entries);
}

/** Least length of a telling text: shorter texts and numbers occur everywhere, and reveal nothing. */
const TELLING_LENGTH = 6;

/** Texts that would reveal redacted parts elsewhere. */
export function tellingTexts(value: unknown, into: Set<string>): void {
  if (typeof value === 'string' || typeof value === 'number') {
    if (String(value).length >= TELLING_LENGTH) into.add(String(value));
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, part] of Object.entries(value)) if (name !== '$type') tellingTexts(part, into);
  }
}

export function tells(value: unknown, texts: ReadonlySet<string>): boolean {
  if (typeof value === 'string' || typeof value === 'number') return texts.has(String(value));
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((part) => tells(part, texts));
}
