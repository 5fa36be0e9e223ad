import { z } from 'zod';
import { knot, Tapestry, type ErrorCode, type StandardSchema } from '../../../src';
import { recordOf } from '../../../src/model';

function place(input: StandardSchema<object, object>, inputs: Record<string, unknown>): string[] {
  const definition = knot('d', { input }, () => 1);
  return [...recordOf(definition(inputs, { id: 'k', tapestry: new Tapestry('t') })).inputs.keys()];
}
const code = (expected: ErrorCode): Error => expect.objectContaining({ code: expected });

test('optional inputs, and those with a default, may be left out', () => {
  const input = z.object({
    a: z.number().optional(),
    b: z.number().default(1),
    c: z.unknown(),
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

test('refined schemas show their names, transformed ones speak when the body runs', () => {
  const refined = z.object({ a: z.number() }).refine(({ a }) => a > 0);
  expect(() => place(refined, {})).toThrow(code('MissingInput'));
  expect(
    place(
      refined.transform(({ a }) => ({ b: a })),
      {},
    ),
  ).toEqual([]);
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
