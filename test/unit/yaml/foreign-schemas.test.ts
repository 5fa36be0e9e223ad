import { loadPipeline } from '../../../src';
import { recordOf } from '../../../src/authoring';
import { thrownBy } from '../../support/thrown-by';

/** Of this, JavaScript's own engine would try each of 2^40 ways to divide the text. */
const EXPONENTIAL = '^(a+)+$';
const TEXT = `${'a'.repeat(40)}!`;

const parameter = (schema: unknown, given: unknown): string =>
  `nodes:\n  - { id: p, type: parameter, schema: ${JSON.stringify(schema)}, default: ${JSON.stringify(given)} }\n`;

const aText = { type: 'string', pattern: EXPONENTIAL };
test.each<[string, unknown, unknown]>([
  ['a text', aText, TEXT],
  ['an element', { type: 'array', items: aText }, [TEXT]],
  ['one of the elements', { type: 'array', contains: aText }, [TEXT]],
  ['a name', { type: 'object', propertyNames: { pattern: EXPONENTIAL } }, { [TEXT]: 1 }],
  [
    'a name that has a value',
    { type: 'object', patternProperties: { [EXPONENTIAL]: {} }, additionalProperties: false },
    { [TEXT]: 1 },
  ],
  ['what a reference stands for', { $ref: '#/$defs/a', $defs: { a: aText } }, TEXT],
  ['one of several schemas', { anyOf: [aText, { allOf: [aText, { type: 'string' }] }] }, TEXT],
])('the pattern of %s is matched in linear time', (_, schema, given) => {
  const { details } = thrownBy(() => loadPipeline(parameter(schema, given)));
  expect(details['problems']).toMatchObject([{ code: 'InvalidDefault' }]);
});

test('the pattern stays what the schema says, and texts that fit it are taken', async () => {
  const { tapestry } = loadPipeline(parameter(aText, 'aaa'));
  const { schema } = recordOf(tapestry).parameters.get('p')!;
  expect(await schema['~standard'].validate('aa')).toEqual({ value: 'aa' });
  expect(await schema['~standard'].validate('b')).toMatchObject({
    issues: [{ message: 'Invalid string: must match pattern /^(a+)+$/' }],
  });
});

/** Each stands for twice what the next one does. */
const doubling = Object.fromEntries(
  Array.from({ length: 60 }, (_, index) => {
    const next = { $ref: `#/$defs/a~1${index + 1}` };
    return [`a/${index}`, { type: 'array', items: { anyOf: [next, next] } }];
  }),
);
test.each<[string, unknown, RegExp]>([
  [
    'that looks ahead',
    { type: 'string', pattern: 'a(?=b)' },
    /"a\(\?=b\)" is refused: it looks around, by \(\?=…\)/,
  ],
  ['that looks behind', { type: 'string', pattern: '(?<!a)b' }, /it looks around, by \(\?<!…\)/],
  [
    'that refers back',
    { type: 'string', pattern: '(a)\\1' },
    /"\(a\)\\\\1" is refused: it refers back, by \\1/,
  ],
  ['that is none', { type: 'string', pattern: '(' }, /"\(" is refused: Invalid regular expression/],
  ['that is too large', { type: 'string', pattern: '(a{90}b?){30}' }, /it has 2730 parts, .* may have 1000/],
  [
    'of which there are too many',
    { anyOf: Array.from({ length: 600 }, (_, index) => ({ type: 'string', pattern: `${index}a{900}` })) },
    /the patterns and schemas of the document have more than 500000 parts together/,
  ],
  [
    'in a schema that refers to itself twice over and over',
    { $ref: '#/$defs/a~10', $defs: doubling },
    /more than 500000 parts/,
  ],
])('a pattern %s is refused with its place', (_, schema, message) => {
  const { details } = thrownBy(() => loadPipeline(parameter(schema, 'a')));
  expect(details['problems']).toContainEqual(
    expect.objectContaining({
      code: 'UnknownType',
      line: 2,
      message: expect.stringMatching(message) as string,
    }),
  );
});

test('documents that nest one another twice, over and over, are loaded once each', () => {
  const document = (index: number): string =>
    `name: d${index}\nnodes:\n  - { id: a, type: subTapestry, tapestry: d${index + 1} }\n  - { id: b, type: subTapestry, tapestry: d${index + 1} }\n`;
  const last = 'name: d60\nnodes:\n  - { id: a, type: source, callable: f }\n';
  const text = [...Array.from({ length: 60 }, (_, index) => document(index)), last].join('---\n');
  expect(loadPipeline(text, { callables: { f: () => 1 } }).tapestries).toHaveLength(61);
});
