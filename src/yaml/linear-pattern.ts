import type { RE2JS } from 're2js';

/** Characters and classes, repetitions multiplied: the time of a match grows with this and with the text. */
const MOST_ATOMS = 1_000;

/**
 * A pattern of JSON Schema that matches in linear time; JavaScript's engine may take exponential time. The pattern
 * matches whole characters, as JSON Schema requires; all else is as in JavaScript.
 */
class LinearPattern extends RegExp {
  private readonly engine: RE2JS;

  constructor(source: string, inRe2: string) {
    super(source);
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- 30 ms that only who has a pattern pays
    this.engine = (require('re2js') as typeof import('re2js')).RE2JS.compile(inRe2);
  }

  /** Whether a text matches; the only method that zod calls. */
  override test(text: string): boolean {
    return this.engine.test(text);
  }
}

/** Throws an `Error` for an invalid pattern, or one that cannot be matched in linear time. */
export function linearPattern(source: string): { readonly pattern: RegExp; readonly atoms: number } {
  try {
    // The translation needs a pattern that JavaScript accepts.
    void new RegExp(source);
    const { written, atoms } = translated(source);
    if (atoms <= MOST_ATOMS) return { pattern: new LinearPattern(source, written), atoms };
    throw new Error(
      `it has ${atoms} parts, repetitions multiplied, and may have ${MOST_ATOMS} (minLength and maxLength bound a length)`,
    );
  } catch (error) {
    const shown = JSON.stringify(source.length > 60 ? `${source.slice(0, 60)}…` : source);
    throw new Error(`the pattern ${shown} is refused: ${(error as Error).message}`, { cause: error });
  }
}

const HEX = '[\\da-fA-F]';
const ESCAPE = `\\\\(?:ud[89abAB]${HEX}{2}\\\\ud[c-fC-F]${HEX}{2}|u${HEX}{4}|u\\{${HEX}{1,6}\\}|x${HEX}{2}|c[a-zA-Z]|[pP]\\{\\w+\\}|\\d+|[^])`;
const ESCAPES = new RegExp(`${ESCAPE}|\\[`, 'g');
const TOKENS = new RegExp(
  `${ESCAPE}|\\[(?:\\\\[^]|[^\\]\\\\])*\\]|\\(\\?<?[=!]|\\((?:\\?(?:<\\w+>|:))?|\\{\\d+(?:,\\d*)?\\}|[^]`,
  'g',
);

/** A pattern in RE2's syntax, and its number of atoms. */
function translated(source: string): { readonly written: string; readonly atoms: number } {
  let written = '';
  // Per open group: atoms before the last part, and in the last part, which a repetition multiplies.
  const open = [{ before: 0, last: 0 }];
  const part = (atoms: number): void => {
    const group = open.at(-1)!;
    group.before += group.last;
    group.last = atoms;
  };
  for (const [token] of source.matchAll(TOKENS)) {
    const group = open.at(-1)!;
    if (/^\(\?<?[=!]/.test(token)) throw new Error(`it looks around, by ${token}…), which RE2 cannot`);
    if (token.startsWith('(')) open.push({ before: 0, last: 0 });
    else if (token === ')') {
      open.pop();
      part(group.before + group.last);
    } else if (/^\{\d/.test(token)) group.last *= Math.max(...token.match(/\d+/g)!.map(Number));
    else if (!/^[*+?|^$]$/.test(token)) part(1);
    if (token.startsWith('[')) written += classOf(token);
    else written += token === '.' ? '[^\\n\\r\\x{2028}\\x{2029}]' : escaped(token, false);
  }
  return { written, atoms: open[0]!.before + open[0]!.last };
}

function classOf(token: string): string {
  const isNegated = token[1] === '^';
  const members = token
    .slice(isNegated ? 2 : 1, -1)
    .replaceAll(ESCAPES, (escape) => (escape === '[' ? '\\[' : escaped(escape, true)));
  // In RE2, a bracket at the beginning would be a member.
  return `[${isNegated === (members === '') ? '' : '^'}${members === '' ? '\\x{0}-\\x{10ffff}' : members}]`;
}

const SPACES =
  '\\t-\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}';
const OTHERS =
  '\\x{0}-\\x{8}\\x{e}-\\x{1f}!-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}' +
  '\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}';

/** An escape in RE2's syntax; other tokens are unchanged. */
function escaped(token: string, inClass: boolean): string {
  if (token.length === 1) return token;
  const code = /^\\[ux]\{?([\da-fA-F]+)\}?$/.exec(token)?.[1];
  if (code !== undefined) return `\\x{${code}}`;
  const [, letter, third] = token;
  if (token.length === 12) return `\\x{${(JSON.parse(`"${token}"`) as string).codePointAt(0)!.toString(16)}}`;
  if (letter === 'c' && third !== undefined) return `\\x{${(third.charCodeAt(0) % 32).toString(16)}}`;
  if (/^\\(?:[1-9k]|0\d)/.test(token)) throw new Error(`it refers back, by ${token}, which RE2 cannot`);
  if (token === '\\0') return '\\x{0}';
  if (token === '\\s') return inClass ? SPACES : `[${SPACES}]`;
  if (token === '\\S') return inClass ? OTHERS : `[${OTHERS}]`;
  if (token === '\\b' && inClass) return '\\x{8}';
  // Letters without a meaning stand for themselves. RE2 refuses unknown escapes.
  return /^\\[^!-/:-@[-`{-~bBcdDwWfnrtv]$/.test(token) ? letter! : token;
}
