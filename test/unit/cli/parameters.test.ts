import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { StoredBytes } from '../../../src';
import { readParameters } from '../../../src/cli/files/parameters';
import { folderForEach } from '../../conformance/temporary-folder';
import { knot, recordOf, tapestry, type StandardSchema, type TapestryRecord } from '../../../src/authoring';

const folder = folderForEach();

const keep = knot('keep', ({ p }: { p: unknown }) => p);

function withParameter(schema: StandardSchema): TapestryRecord {
  return recordOf(
    tapestry('t', (t) => {
      keep({ p: t.parameter('p', schema) }, { id: 'keep' });
    }),
  );
}

async function read(schema: StandardSchema, text: string): Promise<unknown> {
  return (await readParameters(withParameter(schema), { pairs: [`p=${text}`] }))['p'];
}

test.each<[string, StandardSchema, string, unknown]>([
  ['a number', z.number(), '5', 5],
  ['a number for a string', z.string(), '5', '5'],
  ['JSON for a string', z.string(), '{"a":1}', '{"a":1}'],
  ['a quoted string', z.string(), '"5"', '5'],
  ['plain text', z.string(), 'a=b c', 'a=b c'],
  ['an empty text', z.string(), '', ''],
  ['a boolean', z.boolean(), 'true', true],
  ['a list', z.array(z.number()), '[1,2]', [1, 2]],
  ['an object', z.object({ a: z.null() }), '{"a":null}', { a: null }],
  ['either: JSON goes first', z.union([z.string(), z.number()]), '5', 5],
  ['a date as text', z.coerce.date(), '2026-01-31', '2026-01-31'],
  ['a date for a Date', z.date(), '2026-01-31', new Date('2026-01-31T00:00:00Z')],
  ['a time for a Date', z.date(), '2026-01-31T10:30:00.5+02:00', new Date('2026-01-31T08:30:00.500Z')],
  [
    'a time for a Date that may be missing',
    z.date().optional(),
    '2026-01-31T10:30Z',
    new Date(1769855400000),
  ],
  ['a quoted time', z.date(), '"2026-01-31T10:30Z"', new Date(1769855400000)],
  ['a time for either: text goes first', z.union([z.date(), z.string()]), '2026-01-31', '2026-01-31'],
  ['a time for a number', z.number(), '2026-01-31', '2026-01-31'],
  ['a time without a zone', z.date(), '2026-01-31T10:30', '2026-01-31T10:30'],
  ['a day that there is not', z.date(), '2026-02-30', '2026-02-30'],
  ['an hour that there is not', z.date(), '2026-02-20T25:00Z', '2026-02-20T25:00Z'],
  ['a tagged value', z.bigint(), '{"$type":"bigint","value":"5"}', 5n],
  ['what neither will do: as JSON', z.boolean(), '5', 5],
  ['what is no JSON and will not do', z.number(), 'many', 'many'],
])('%s', async (_, schema, text, expected) => {
  expect(await read(schema, text)).toEqual(expected);
});

test('a schema that needs time, and one that fails, are asked like any other', async () => {
  expect(
    await read(
      z.string().refine(async (text) => text === '5'),
      '5',
    ),
  ).toBe('5');
  const failing = z.unknown().transform(() => {
    throw new Error('never');
  });
  expect(await read(failing, '5')).toBe(5);
});

test('an unknown parameter is passed on, for the refusal to name it', async () => {
  const record = withParameter(z.number());
  expect(await readParameters(record, { pairs: ['q=1', '__proto__=x'] })).toEqual(
    Object.fromEntries([
      ['q', 1],
      ['__proto__', 'x'],
    ]),
  );
});

test.each(['p', '=5', ''])('%j is no parameter', async (pair) => {
  await expect(readParameters(withParameter(z.any()), { pairs: [pair] })).rejects.toMatchObject({
    code: 'Usage',
  });
});

test('one that is given twice', async () => {
  const reading = readParameters(withParameter(z.any()), { pairs: ['p=1', 'p=2'] });
  await expect(reading).rejects.toMatchObject({ code: 'Usage', details: { parameter: 'p' } });
});

test.each([
  ['params.json', '{"p": 1, "q": "x"}', { p: 1, q: 'x' }],
  ['params.yaml', 'p: 1\nq: x\n', { p: 1, q: 'x' }],
  ['params.yml', 'p: {$type: bigint, value: "5"}\n', { p: 5n }],
])('%s', async (name, text, expected) => {
  const file = path.join(folder(), name);
  writeFileSync(file, text);
  expect(await readParameters(withParameter(z.any()), { pairs: [], file })).toEqual(expected);
  const overridden = await readParameters(withParameter(z.any()), { pairs: ['p=2'], file });
  expect(overridden).toEqual({ ...expected, p: 2 });
});

test('a time in a file is a Date where the schema takes that, and no text', async () => {
  const file = path.join(folder(), 'times.yaml');
  writeFileSync(file, 'p: "2026-01-31T10:30Z"\n');
  const time = new Date('2026-01-31T10:30Z');
  expect(await readParameters(withParameter(z.date()), { pairs: [], file })).toEqual({ p: time });
  expect(await readParameters(withParameter(z.string()), { pairs: [], file })).toEqual({
    p: '2026-01-31T10:30Z',
  });
});

test.each([
  ['absent.json', undefined, 'FileNotFound'],
  ['broken.json', '{', 'FileNotLoadable'],
  ['list.json', '[]', 'FileNotLoadable'],
  ['null.json', 'null', 'FileNotLoadable'],
  ['double.yaml', 'p: 1\np: 2\n', 'FileNotLoadable'],
  ['tag.json', '{"p": {"$type": "nonsense", "value": 1}}', 'FileNotLoadable'],
])('%s is refused by name', async (name, text, code) => {
  const file = path.join(folder(), name);
  if (text !== undefined) writeFileSync(file, text);
  const reading = readParameters(withParameter(z.any()), { pairs: [], file });
  await expect(reading).rejects.toMatchObject({ code, details: { file } });
});

test('a reference to a value in the data store is refused, unless it is asked for', async () => {
  const reference = `{"$type":"stored","value":{"hash":"bytes-sha256:${'a'.repeat(64)}","size":1}}`;
  const tapestry = withParameter(z.any());
  const file = path.join(folder(), 'with-reference.json');
  writeFileSync(file, `{"p":[${reference}]}`);
  const refused = /refers to a value in the data store.*--allow-references/;
  await expect(readParameters(tapestry, { pairs: [`p=${reference}`] })).rejects.toThrow(refused);
  await expect(readParameters(tapestry, { pairs: [], file })).rejects.toMatchObject({
    code: 'NotDecodable',
    message: expect.stringMatching(refused),
  });
  const { p } = await readParameters(tapestry, { pairs: [`p=${reference}`], allowReferences: true });
  expect(StoredBytes.is(p)).toBe(true);
});
