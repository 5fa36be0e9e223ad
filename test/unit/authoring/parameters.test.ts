import { z } from 'zod';
import { Tapestry, tapestry } from '../../../src';
import { recordOf } from '../../../src/authoring';

test('a parameter is a knot named after it, with its schema', () => {
  const schema = z.number();
  const t = new Tapestry('t');
  const x = t.parameter('x', schema);
  const record = recordOf(t).parameters.get('x')!;
  expect(x.id).toBe('param:x');
  expect(record).toMatchObject({ name: 'x', hasDefault: false });
  expect(record.schema).toBe(schema);
  expect(record.knot).toBe(recordOf(x));
});

test('a default is what its schema makes of it, when it is declared', () => {
  const t = new Tapestry('t');
  t.parameter(
    'when',
    z.string().transform((text) => new Date(text)),
    { default: '2020-01-01T00:00:00Z' },
  );
  t.parameter('none', z.number().nullable(), { default: null });
  t.parameter('zero', z.number(), { default: 0 });
  t.parameter('absent', z.number(), { default: undefined });
  const defaults = [...recordOf(t).parameters.values()].map((parameter) => [
    parameter.hasDefault,
    parameter.default,
  ]);
  expect(defaults).toEqual([
    [true, new Date('2020-01-01T00:00:00Z')],
    [true, null],
    [true, 0],
    [false, undefined],
  ]);
});

test('parameters declared in the options reach build as knots', () => {
  const given: string[] = [];
  const made = tapestry(
    't',
    { parameters: { x: z.number(), y: { schema: z.string(), default: 'why' } }, failOn: 'never' },
    (_t, { x, y }) => {
      given.push(x.id, y.id);
      return { x };
    },
  );
  const { parameters, options, knots } = recordOf(made);
  expect(given).toEqual(['param:x', 'param:y']);
  expect([...knots.keys()]).toEqual(given);
  expect(parameters.get('x')).toMatchObject({ hasDefault: false });
  expect(parameters.get('y')).toMatchObject({ hasDefault: true, default: 'why' });
  expect(options).toEqual({ failOn: 'never' });
});
