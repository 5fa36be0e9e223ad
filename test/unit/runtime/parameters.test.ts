import { z } from 'zod';
import { validateParameters } from '../../../src/runtime';
import { knot, recordOf, tapestry } from '../../../src/authoring';
import { rejectionOf } from '../../support/rejection-of';
import { refusal } from '../../support/refusal';

const nothing = knot('nothing', () => null);
const record = recordOf(
  tapestry('work', (t) => {
    t.parameter('count', z.number().int());
    t.parameter('name', z.string().trim(), { default: ' Ada ' });
    t.parameter(
      'late',
      z
        .string()
        .refine(async (text) => await Promise.resolve(text !== 'no'))
        .optional(),
    );
    t.parameter(
      'bomb',
      z
        .any()
        .transform((value) => (value === 'fuse' ? explode() : value))
        .optional(),
    );
    nothing({}, { id: 'nothing' });
  }),
);

function explode(): never {
  throw new Error('boom');
}

test('answers all parameters as their schemas made them, defaults filled in', async () => {
  const accepted = await validateParameters(record, { count: 2, name: '  Bob ', late: 'yes' });
  expect(Object.fromEntries(accepted)).toEqual({ count: 2, name: 'Bob', late: 'yes', bomb: undefined });
  expect((await validateParameters(record, { count: 2 })).get('name')).toBe('Ada');
});

test('names all that is wrong in one error, with the tapestry and what it takes', async () => {
  const error = await rejectionOf(
    validateParameters(record, { count: 1.5, late: 'no', bomb: 'fuse', Name: 'x', zzz: 1 }),
  );
  expect(error.code).toBe('InvalidParameters');
  expect(error.details['problems']).toEqual([
    { path: 'Name', code: 'UnknownParameter', message: 'unknown parameter "Name" (did you mean "name"?)' },
    { path: 'zzz', code: 'UnknownParameter', message: 'unknown parameter "zzz"' },
    { path: 'count', code: 'WrongValue', message: expect.stringContaining('expected int') },
    { path: 'late', code: 'WrongValue', message: expect.any(String) },
    { path: 'bomb', code: 'WrongValue', message: expect.stringContaining('boom') },
  ]);
  for (const part of ['unknown parameter "Name" (did', 'parameter "count": ', 'parameter "late": '])
    expect(error.message).toContain(part);
  expect(error.message).toContain('Tapestry "work"');
  expect(error.message).toContain('count, name (optional)');
});

test('a missing one is said to be missing, not ill-typed', async () => {
  expect((await rejectionOf(validateParameters(record, {}))).details['problems']).toEqual([
    { path: 'count', code: 'MissingParameter', message: 'missing parameter "count"' },
  ]);
});

test('of a value that is wrong in several parts, each is a problem', async () => {
  const people = recordOf(
    tapestry('people', (t) => {
      t.parameter('people', z.array(z.object({ name: z.string(), age: z.number() })));
    }),
  );
  const error = await rejectionOf(validateParameters(people, { people: [{ name: 5, age: 'old' }] }));
  expect(error.details['problems']).toMatchObject([
    { path: 'people.0.name', code: 'WrongValue', message: expect.stringContaining('expected string') },
    { path: 'people.0.age', code: 'WrongValue', message: expect.stringContaining('expected number') },
  ]);
  expect(error.message).toContain('parameter "people": 0.name: ');
});

test('only those are demanded that the knots of the run need; what is given is checked in either case', async () => {
  expect(
    Object.fromEntries(await validateParameters(record, { late: 'yes' }, ['param:late', 'nothing'])),
  ).toEqual({
    name: 'Ada',
    late: 'yes',
  });
  const error = await rejectionOf(validateParameters(record, { count: 1.5 }, ['param:late']));
  expect(error.details['problems']).toEqual([expect.objectContaining({ path: 'count', code: 'WrongValue' })]);
});

test.each<[unknown, string]>([
  [[1n], 'a list'],
  [null, 'null'],
  ['text', 'string'],
  [undefined, 'undefined'],
])('%p is no object of parameters', async (given, what) => {
  expect(await rejectionOf(validateParameters(record, given))).toMatchObject({
    ...refusal('InvalidParameters', `not ${what}`),
    details: { problems: [{ path: '', code: 'NotAnObject', message: expect.stringContaining(what) }] },
  });
});
