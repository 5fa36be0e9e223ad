import type { BodyDescription } from '../../body-hosts';

const RESERVED = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if ' +
    'implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof ' +
    // Names that the written file imports.
    'var void while with yield pythonKnot'
  ).split(' '),
);

/** Names of definitions by body name: `train` for `shop.models:train`, unless several modules have one. */
export function identifiersOf(bodies: readonly BodyDescription[]): Map<string, string> {
  const plain = new Map(bodies.map(({ name }) => [name, identifier(name.slice(name.indexOf(':') + 1))]));
  const counts = new Map<string, number>();
  for (const name of plain.values()) counts.set(name, (counts.get(name) ?? 0) + 1);
  const taken = new Set<string>();
  for (const [name, own] of plain) {
    const chosen = counts.get(own) === 1 ? own : identifier(name);
    plain.set(name, firstFree([chosen], taken));
  }
  return plain;
}

/** Takes the first free name, else the last one with a number. */
export function firstFree(names: readonly string[], taken: Set<string>): string {
  let free = names.find((name) => !taken.has(name));
  for (let i = 2; free === undefined; i++) {
    const numbered = `${names.at(-1)!}_${i}`;
    if (!taken.has(numbered)) free = numbered;
  }
  taken.add(free);
  return free;
}

/** A type's name, such as `LineItem` for `line_item`. The library that writes types keeps such names. */
export function typeName(text: string): string {
  const words = text.normalize('NFKD').split(/[^A-Za-z0-9]+/);
  const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  const name = joined.replace(/\d+[a-z]/g, (part) => part.toUpperCase()).replace(/^(?=\d)/, 'T');
  return name === '' ? 'Unnamed' : name;
}

function identifier(text: string): string {
  const name = text.replace(/[^\p{ID_Continue}$]/gu, '_').replace(/^(?![\p{ID_Start}$_])/u, '_');
  return RESERVED.has(name) ? `${name}_` : name;
}
