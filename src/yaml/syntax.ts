import type { Range } from './problems';

export type Syntax = SyntaxScalar | SyntaxList | SyntaxMap;

export interface SyntaxScalar {
  readonly kind: 'scalar';
  readonly range: Range;
  readonly value: string | number | boolean | null;
}

interface SyntaxList {
  readonly kind: 'list';
  readonly range: Range;
  readonly items: readonly Syntax[];
}

export interface SyntaxMap {
  readonly kind: 'map';
  readonly range: Range;
  readonly entries: ReadonlyMap<string, SyntaxEntry>;
}

export interface SyntaxEntry {
  readonly key: Range;
  readonly value: Syntax;
}

/** A copy. */
export function valueOf(syntax: Syntax): unknown {
  switch (syntax.kind) {
    case 'scalar':
      return syntax.value;
    case 'list':
      return syntax.items.map(valueOf);
    case 'map': {
      // "__proto__" is refused as a key.
      const value: Record<string, unknown> = {};
      for (const [key, entry] of syntax.entries) value[key] = valueOf(entry.value);
      return value;
    }
  }
}

/** The innermost existing part on a path. */
export function partAt(syntax: Syntax, path: readonly PropertyKey[]): Syntax {
  let at = syntax;
  for (const step of path) {
    const next =
      at.kind === 'map'
        ? at.entries.get(String(step))?.value
        : at.kind === 'list'
          ? at.items[Number(step)]
          : undefined;
    if (next === undefined) return at;
    at = next;
  }
  return at;
}
