import { complaintOf, ofMarkdown, ofPython, ofTypeScript, sentencesOf } from '../../../scripts/prose';

interface Piece {
  readonly text: string;
  readonly line: number;
}

const complaints = (pieces: readonly Piece[]): (string | undefined)[] =>
  pieces.flatMap(({ text }) => sentencesOf(text).map(complaintOf)).filter(Boolean);

const LONG = `The worker ${Array.from({ length: 30 }, () => 'often').join(' ')} waits.`;

test.each([
  ['a long sentence', LONG, '33 words'],
  ['clauses in clauses', 'The value that those have which what it is names is here.', 'make two sentences'],
  ['a beginning without a subject', 'Of what a worker is asked, this is the rest.', 'begin with the subject'],
  ['a noun left out', 'The form equals that of the other hash here.', 'repeat the noun'],
])('refused: %s', (_, sentence, complaint) => {
  expect(complaintOf(sentence)).toContain(complaint);
});

test('plain sentences pass, also one after the other', () => {
  const text = 'The worker reads the plan once. It keeps the layout, because each task needs it.';
  expect(sentencesOf(text)).toHaveLength(2);
  expect(complaints([{ text, line: 1 }])).toEqual([]);
});

test.each([
  [
    'a comment in several lines',
    `// ${LONG.replaceAll(' often waits', '\n// often waits')}\nexport const x = 1;\n`,
  ],
  ['a docstring', `/**\n * ${LONG}\n */\nexport const x = 1;\n`],
  ['a message', `throw new Error('${LONG}');\n`],
  ['a message with something put in', `throw new Error(\`${LONG.replace('often', '${name}')}\`);\n`],
])('TypeScript: %s', (_, code) => {
  expect(complaints(ofTypeScript(code, 'some.ts'))).toHaveLength(1);
});

test('TypeScript: a text of a page', () => {
  expect(complaints(ofTypeScript(`export const x = () => <p>${LONG}</p>;\n`, 'some.tsx'))).toHaveLength(1);
});

test('code, tables and headings are no sentences', () => {
  expect(complaints(ofMarkdown(`# ${LONG}\n\n\`\`\`ts\n${LONG}\n\`\`\`\n\n| ${LONG} |\n`))).toEqual([]);
  expect(complaints(ofMarkdown(`Text.\n\n- ${LONG}\n`))).toHaveLength(1);
});

test('Python: docstrings and comments', () => {
  expect(complaints(ofPython(`def f():\n    """${LONG}"""\n    # ${LONG}\n    return 1\n`))).toHaveLength(2);
});
