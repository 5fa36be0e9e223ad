import fc from 'fast-check';
import { linearPattern } from '../../src/yaml/linear-pattern';

const letter = fc.constantFrom(...'ab0 _-.\n\r\t\u00a0\u2028\ufeff\b]^$é');
const escape = fc.constantFrom(
  ...[
    '\\d',
    '\\D',
    '\\w',
    '\\W',
    '\\s',
    '\\S',
    '\\n',
    '\\t',
    '\\v',
    '\\0',
    '\\cA',
    '\\x41',
    '\\u00a0',
    '\\-',
  ],
  ...[
    '\\.',
    '\\[',
    '\\]',
    '\\\\',
    '\\/',
    '\\_',
    '\\a',
    '\\z',
    '\\A',
    '\\Q',
    '\\E',
    '\\x',
    '\\u',
    '\\é',
    '\\^',
  ],
);
const member = fc.oneof(
  fc.constantFrom(
    'a',
    '0',
    '_',
    '[',
    '[:alpha:',
    '&&',
    'a-c',
    '!-\u2030',
    '\\b',
    '^',
    '(',
    '.',
    '$',
    '\u00a0',
  ),
  escape,
);
const characterClass = fc
  .tuple(fc.constantFrom('[', '[^'), fc.array(member, { maxLength: 4 }))
  .map(([open, members]) => `${open}${members.join('')}]`);
const { pattern } = fc.letrec<{ pattern: string; part: string; atom: string }>((tie) => ({
  atom: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('a', 'b', '0', '.', ' ', '^', '$', '\\b', '\\B', '{', '}', ']', 'é', '{,2}', ','),
    escape,
    characterClass,
    tie('pattern').map((inner) => `(${inner})`),
    tie('pattern').map((inner) => `(?:${inner})`),
  ),
  part: fc
    .tuple(
      tie('atom'),
      fc.constantFrom('', '', '', '*', '+', '?', '*?', '+?', '??', '{2}', '{1,}', '{0,2}', '{1,3}?'),
    )
    .map((both) => both.join('')),
  pattern: fc
    .array(
      fc.array(tie('part'), { maxLength: 4 }).map((parts) => parts.join('')),
      { minLength: 1, maxLength: 3 },
    )
    .map((ways) => ways.join('|')),
}));

test('a pattern matches the texts that JavaScript matches it with, or is refused', () => {
  let compared = 0;
  fc.assert(
    fc.property(
      pattern,
      fc.array(fc.string({ unit: letter, maxLength: 8 }), { minLength: 5, maxLength: 5 }),
      (source, texts) => {
        let own: RegExp;
        let linear: RegExp;
        try {
          own = new RegExp(source);
          ({ pattern: linear } = linearPattern(source));
        } catch {
          return;
        }
        compared += 1;
        expect(linear.source).toBe(own.source);
        for (const text of texts)
          expect([source, text, linear.test(text)]).toEqual([source, text, own.test(text)]);
      },
    ),
    { numRuns: 3_000 },
  );
  expect(compared).toBeGreaterThan(1_000);
});

test.each([
  ['^\\u{1F600}$', '😀', true],
  ['^.$', '😀', true],
  ['^\\ud83d\\ude00$', '😀', true],
  ['^(?<name>\\p{L}+)$', 'été', true],
  ['^\\p{L}+$', '123', false],
])('%s takes characters as JSON Schema does: %s', (source, text, matches) => {
  expect(linearPattern(source).pattern.test(text)).toBe(matches);
});
