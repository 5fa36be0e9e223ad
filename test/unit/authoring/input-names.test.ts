import { z } from 'zod';
import { knot, Tapestry, type ErrorCode, type StandardSchema } from '../../../src';
import { recordOf } from '../../../src/authoring';

function place(input: StandardSchema<object, object>, inputs: Record<string, unknown>): string[] {
  const definition = knot('d', { input }, () => 1);
  return [...recordOf(definition(inputs, { id: 'k', tapestry: new Tapestry('t') })).inputs.keys()];
}
const code = (expected: ErrorCode): Error => expect.objectContaining({ code: expected });

test('optional inputs, and those with a default, may be left out', () => {
  const input = z.object({
    a: z.number().optional(),
    b: z.number().default(1),
    c: z.unknown().optional(),
    d: z.number().nullable(),
  });
  expect(place(input, { d: 1 })).toEqual(['d']);
  expect(() => place(input, {})).toThrow(code('MissingInput'));
});

test('unknown inputs are let through where the schema lets them through', () => {
  expect(place(z.looseObject({ a: z.number() }), { a: 1, b: 2 })).toEqual(['a', 'b']);
  expect(place(z.object({ a: z.number() }).catchall(z.number()), { a: 1, b: 2 })).toEqual(['a', 'b']);
  expect(() => place(z.object({ a: z.number() }), { a: 1, b: 2 })).toThrow(code('UnknownInput'));
  expect(() => place(z.strictObject({ a: z.number() }), { a: 1, b: 2 })).toThrow(code('UnknownInput'));
});

test('refined schemas show their names, transformed ones speak of constants alone', () => {
  const refined = z.object({ a: z.number() }).refine(({ a }) => a > 0);
  expect(() => place(refined, {})).toThrow(code('MissingInput'));
  const transformed = refined.transform(({ a }) => ({ b: a }));
  expect(() => place(transformed, {})).toThrow(code('InvalidInput'));
  const t = new Tapestry('t');
  const placed = knot(
    'd',
    { input: transformed },
    () => 1,
  )({ z: t.parameter('z', z.number()) } as never, { id: 'k' });
  expect([...recordOf(placed).inputs.keys()]).toEqual(['z']);
});

test('a constant that the schema takes is wired, and so is one of which only time can tell', () => {
  const late = z.string().refine(async () => await Promise.resolve(false));
  expect(place(z.object({ a: z.int(), b: late }), { a: 2, b: 'x' })).toEqual(['a', 'b']);
  expect(() => place(z.object({ a: z.int(), b: late }), { a: 1.5, b: 'x' })).toThrow(code('InvalidInput'));
  const transformed = z.object({ a: z.string().transform(Number) }).refine(({ a }) => a === 5);
  expect(place(transformed, { a: '5' })).toEqual(['a']);
});

test('a knot that is not to be validated takes any constant, also where its definition or tapestry says so', () => {
  const input = z.object({ a: z.int() });
  const wrong = { a: 1.5 };
  const definition = knot('d', { input }, () => 1);
  const lax = knot('lax', { input, validate: false }, () => 1);
  const t = new Tapestry('t', { knots: { validate: false } });
  expect(() => {
    definition(wrong, { id: 'placed', validate: false, tapestry: new Tapestry('t') });
    lax(wrong, { id: 'defined', tapestry: new Tapestry('t') });
    definition(wrong, { id: 'inherited', tapestry: t });
  }).not.toThrow();
  expect(() => definition(wrong, { id: 'k', validate: true, tapestry: t })).toThrow(code('InvalidInput'));
  expect(() => definition({ b: 1 } as never, { id: 'k', tapestry: t })).toThrow(code('UnknownInput'));
});

test('zod 3 and other libraries with a shape', () => {
  const field = (required: boolean): StandardSchema => ({
    '~standard': {
      version: 1,
      vendor: 'other',
      validate: (value) =>
        required && value === undefined ? { issues: [{ message: 'required' }] } : { value },
    },
  });
  const late: StandardSchema = {
    '~standard': { version: 1, vendor: 'other', validate: () => Promise.reject(new Error('unreachable')) },
  };
  const shape = { a: field(true), b: field(false), c: late };
  const never = { _def: { typeName: 'ZodNever' } };
  const closed = { ...field(false), shape, _def: { unknownKeys: 'strip', catchall: never } };
  const open = { ...field(false), shape, _def: { unknownKeys: 'passthrough', catchall: never } };
  const unknown = { ...field(false), shape };

  expect(() => place(closed, { b: 1 })).toThrow(code('MissingInput'));
  expect(() => place(closed, { a: 1, z: 1 })).toThrow(code('UnknownInput'));
  expect(place(open, { a: 1, z: 1 })).toEqual(['a', 'z']);
  expect(place(unknown, { a: 1, z: 1 })).toEqual(['a', 'z']);
  expect(() => place(unknown, { z: 1 })).toThrow(code('MissingInput'));
});

test('schemas that show no names speak when the body runs', () => {
  const record = z.record(z.string(), z.number());
  expect(place(record, { anything: 1 })).toEqual(['anything']);
});
