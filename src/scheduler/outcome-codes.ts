/** Three codes of two bits per character, so 100,000 outcomes take 33 KB. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const CODES_PER_CHARACTER = 3;

/** `codeOf(index)` returns 0 to 3. */
export function packCodes(count: number, codeOf: (index: number) => number): string {
  const characters: string[] = [];
  for (let first = 0; first < count; first += CODES_PER_CHARACTER) {
    let bits = 0;
    for (let index = first; index < Math.min(first + CODES_PER_CHARACTER, count); index++) {
      bits |= codeOf(index) << (2 * (index - first));
    }
    characters.push(ALPHABET[bits]!);
  }
  return characters.join('');
}

export function unpackCodes(text: string, count: number): Uint8Array | undefined {
  if (text.length !== Math.ceil(count / CODES_PER_CHARACTER)) return undefined;
  const codes = new Uint8Array(count);
  for (let index = 0; index < count; index++) {
    const bits = ALPHABET.indexOf(text[Math.floor(index / CODES_PER_CHARACTER)]!);
    if (bits < 0) return undefined;
    codes[index] = (bits >> (2 * (index % CODES_PER_CHARACTER))) & 3;
  }
  return codes;
}

const KINDS = [undefined, 'ok', 'err', 'skipped'] as const;

/** The outcome; undefined for knots that have not ended. Throws if the text is not for `size` knots. */
export function outcomeKinds(outcomes: string, size: number): readonly (typeof KINDS)[number][] {
  const codes = unpackCodes(outcomes, size);
  if (!codes) throw new Error(`The outcomes are not those of ${size} knots.`);
  return Array.from(codes, (code) => KINDS[code]);
}
