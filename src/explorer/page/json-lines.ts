import type { Json } from '../../values';

/** One line of a JSON tree: a member, an item, or the rest of a long list. */
export interface JsonLine {
  readonly path: readonly (string | number)[];
  readonly depth: number;
  readonly name?: string | number;
  readonly kind: 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';
  readonly text: string;
  readonly value: Json;
  readonly count?: number;
  readonly isOpen?: boolean;
}

const PREVIEW = 200;

export function pathKey(path: readonly (string | number)[]): string {
  return JSON.stringify(path);
}

/** The visible lines of a tree. The stack is explicit: values may be nested deeper than calls can be. */
export function jsonLines(root: Json, open: ReadonlySet<string>): JsonLine[] {
  const lines: JsonLine[] = [];
  const rest: { path: readonly (string | number)[]; name?: string | number; value: Json }[] = [
    { path: [], value: root },
  ];
  while (rest.length > 0) {
    const { path, name, value } = rest.pop()!;
    const members = membersOf(value);
    const isOpen = members !== undefined && open.has(pathKey(path));
    lines.push({
      path,
      depth: path.length,
      ...(name !== undefined && { name }),
      kind: kindOf(value),
      text: textOf(value),
      value,
      ...(members && { count: members.length, isOpen }),
    });
    if (!isOpen) continue;
    for (let index = members.length - 1; index >= 0; index--) {
      const [key, member] = members[index]!;
      rest.push({ path: [...path, key], name: key, value: member });
    }
  }
  return lines;
}

function membersOf(value: Json): [string | number, Json][] | undefined {
  if (Array.isArray(value)) return value.map((item, index) => [index, item]);
  if (value !== null && typeof value === 'object') return Object.entries(value);
  return undefined;
}

function kindOf(value: Json): JsonLine['kind'] {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value as 'object' | 'string' | 'number' | 'boolean';
}

/** A scalar as JSON, a list or an object by its size. */
export function textOf(value: Json): string {
  if (Array.isArray(value)) return `[${value.length}]`;
  if (value !== null && typeof value === 'object') return `{${Object.keys(value).length}}`;
  if (typeof value !== 'string') return String(value);
  const text = JSON.stringify(value.length > PREVIEW ? value.slice(0, PREVIEW) : value);
  return value.length > PREVIEW ? `${text.slice(0, -1)}…"` : text;
}

/** The paths of a tree down to a depth, at most `limit`, for its initial state. */
export function pathsTo(root: Json, depth: number, limit = 500): Set<string> {
  const paths = new Set<string>();
  const rest: { path: (string | number)[]; value: Json }[] = [{ path: [], value: root }];
  while (rest.length > 0 && paths.size < limit) {
    const { path, value } = rest.shift()!;
    const members = membersOf(value);
    if (!members || path.length >= depth) continue;
    paths.add(pathKey(path));
    for (const [key, member] of members.slice(0, limit)) rest.push({ path: [...path, key], value: member });
  }
  return paths;
}

/** A path as JSONPath (RFC 9535): `$.rows[3]["first name"]`. */
export function jsonPath(path: readonly (string | number)[]): string {
  const steps = path.map((part) =>
    typeof part === 'string' && /^[A-Za-z_]\w*$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`,
  );
  return `$${steps.join('')}`;
}
