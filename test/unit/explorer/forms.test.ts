import { z } from 'zod';
import type { Json } from '../../../src/values';
import { fieldOf, parametersField, type FormField } from '../../../src/explorer/page/forms/schema';
import { isSame } from '../../../src/explorer/page/forms/is-same';
import { errorsIn, readForm } from '../../../src/explorer/page/forms/read-form';
import { draftOf, UnionDraft, type Draft } from '../../../src/explorer/page/forms/draft';

const fieldFor = (schema: z.ZodType): FormField =>
  fieldOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json);

/** What a form gives back that has been filled in with a value. */
function back(schema: z.ZodType, value: Json): Json | undefined {
  const field = fieldFor(schema);
  const { value: read, errors } = readForm(field, draftOf(field, value), true);
  expect(errors).toEqual({});
  return read;
}

const order = z.object({
  id: z.string(),
  amount: z.number(),
  count: z.int(),
  paid: z.boolean(),
  kind: z.enum(['new', 'old']),
  day: z.iso.date(),
  at: z.iso.datetime(),
  note: z.string().optional(),
  reason: z.string().nullable(),
  tags: z.array(z.string()),
  lines: z.array(z.object({ sku: z.string(), n: z.int() })),
  target: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('s3'), bucket: z.string() }),
    z.object({ kind: z.literal('disk'), path: z.string() }),
  ]),
  either: z.union([z.string(), z.number()]),
  more: z.record(z.string(), z.number()),
  any: z.any(),
});

test('each kind of schema has its field', () => {
  const field = fieldFor(order);
  if (field.kind !== 'object') throw new Error('no object');
  expect(Object.fromEntries(field.members.map(({ name, field: member }) => [name, member.kind]))).toEqual({
    id: 'text',
    amount: 'number',
    count: 'number',
    paid: 'boolean',
    kind: 'choice',
    day: 'text',
    at: 'text',
    note: 'text',
    reason: 'text',
    tags: 'list',
    lines: 'list',
    target: 'union',
    either: 'union',
    more: 'json',
    any: 'json',
  });
});

test('a value that is put into a form comes out of it as it was', () => {
  const value = {
    id: '7',
    amount: 1.5,
    count: 3,
    paid: true,
    kind: 'old',
    day: '2026-03-02',
    at: '2026-03-02T10:00:05.000Z',
    reason: null,
    tags: ['a', ''],
    lines: [{ sku: 'x', n: 2 }],
    target: { kind: 'disk', path: '/tmp' },
    either: 4,
    more: { a: 1 },
    any: [1, { b: null }],
  };
  expect(back(order, value)).toEqual(value);
  expect(order.safeParse(value).success).toBe(true);
});

test('what is missing or no number is said at its field, by the path that the server uses', () => {
  const field = fieldFor(order);
  const draft = {
    amount: 'many',
    count: '1.5',
    lines: [{ sku: 'x', n: '' }],
    more: '{"a":',
    target: new UnionDraft(1, {}),
  };
  const { errors } = readForm(field, draft, true);
  expect(errors).toMatchObject({
    amount: 'Not a number.',
    count: 'Not a whole number.',
    kind: 'Needed.',
    day: 'Needed.',
    'lines.0.n': 'Needed.',
  });
  expect(errors['more']).toMatch(/^Not JSON: /);
  expect(errors).not.toHaveProperty('id');
  expect(errors).not.toHaveProperty('note');
});

test('limits are said before anything is sent', () => {
  const field = fieldFor(
    z.object({
      n: z.int().min(1).max(5),
      name: z.string().min(2).max(3),
      list: z.array(z.string()).min(1).max(2),
    }),
  );
  expect(readForm(field, { n: '9', name: 'a', list: [] }, true).errors).toEqual({
    n: 'At most 5.',
    name: 'At least 2 characters.',
    list: 'At least 1 item.',
  });
  expect(readForm(field, { n: '5', name: 'abc', list: ['x'] }, true).value).toEqual({
    n: 5,
    name: 'abc',
    list: ['x'],
  });
});

test('an optional object is left out if nothing in it is filled in, and asked for whole if something is', () => {
  const field = fieldFor(z.object({ owner: z.object({ name: z.string().min(1), age: z.int() }).optional() }));
  expect(readForm(field, { owner: { name: '', age: '' } }, true)).toEqual({ value: {}, errors: {} });
  expect(readForm(field, { owner: { name: 'Ada' } }, true).errors).toEqual({ 'owner.age': 'Needed.' });
});

test('parameters begin with their defaults', () => {
  const field = parametersField([
    { name: 'limit', schema: { type: 'integer' }, required: false, default: 10 },
    { name: 'day', schema: { type: 'string' }, required: true },
  ]);
  expect(draftOf(field)).toEqual({ limit: '10', day: undefined });
  expect(readForm(field, draftOf(field), true).value).toEqual({ limit: 10, day: '' });
});

test('a schema that contains itself, refers to nothing, or says what no form can, becomes a field for JSON', () => {
  const node: z.ZodType = z.object({
    name: z.string(),
    get next() {
      return z.optional(node);
    },
  });
  const field = fieldFor(node);
  expect(field.kind).toBe('object');
  expect(JSON.stringify(field).length).toBeLessThan(2000);
  for (const schema of [
    {},
    true,
    null,
    { $ref: '#/nowhere' },
    { $ref: '#' },
    { allOf: [{}] },
    { type: 'object', additionalProperties: { type: 'number' } },
    { type: 'array', prefixItems: [{}] },
  ])
    expect(fieldOf(schema as Json).kind).toBe('json');
});

test('names of Object.prototype are names like any other', () => {
  const schema = {
    type: 'object',
    properties: JSON.parse('{"__proto__":{"type":"string"},"constructor":{"type":"string"}}'),
    required: [],
  } as Json;
  const field = fieldOf(schema);
  const draft = JSON.parse('{"__proto__":"a","constructor":"b"}') as Draft;
  expect(JSON.stringify(readForm(field, draft, true).value)).toBe('{"__proto__":"a","constructor":"b"}');
});

test('what the server has against it goes to the field', () => {
  expect(
    errorsIn({ problems: [{ path: 'user.age', code: 'WrongValue', message: 'too young' }, { path: 3 }] }),
  ).toEqual({ 'user.age': 'too young' });
  expect(errorsIn(undefined)).toEqual({});
});

test('values are the same in whatever order their members stand', () => {
  expect(isSame({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 })).toBe(true);
  expect(isSame({ a: 1 }, { a: 1, b: 2 })).toBe(false);
  expect(isSame([], {})).toBe(false);
  expect(isSame({ a: undefined as never }, { b: undefined as never })).toBe(false);
});
