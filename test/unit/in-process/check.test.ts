import { z } from 'zod';
import { check, knot, loop, subTapestry, tapestry, type Tapestry } from '../../../src';

const double = knot('double', { input: z.object({ x: z.number() }) }, ({ x }) => x * 2);
const other = knot('double', ({ x }: { x: number }) => x + x);
const taking = knot('taking', ({ value }: { value: unknown }) => typeof value);
const inner = tapestry('inner', { parameters: { x: z.number() } }, (_t, { x }) => {
  taking({ value: { f: () => 1 } }, { id: 'functional' });
  return { y: double({ x }, { id: 'y' }) };
});

test('a tapestry that can be run has no problems', () => {
  const fine = tapestry('fine', { parameters: { x: z.number() } }, (_t, { x }) => ({
    y: double({ x }, { id: 'y' }),
  }));
  expect(check(fine)).toEqual([]);
  expect(check(() => fine)).toEqual([]);
});

test('all problems are answered at once, as data, those of what is nested among them', () => {
  const bad = tapestry('bad', (t) => {
    const x = t.parameter('x', z.number());
    t.parameter('loud', z.boolean());
    double({ x }, { id: 'one' });
    other({ x }, { id: 'two' });
    taking({ value: [1, Symbol('s')] }, { id: 'symbolic' });
    taking({ value: [() => 1] }, { id: 'functional' });
    subTapestry({ tapestry: inner, inputs: { x } }, { id: 'nested' });
  });
  const problems = check(bad);
  expect(problems.map(({ severity, code, details }) => [severity, code, details])).toEqual([
    ['error', 'DuplicateDefinition', expect.objectContaining({ tapestry: 'bad', knot: 'two' })],
    ['error', 'NotEncodable', { knot: 'symbolic', input: 'value', path: '$[1]' }],
    ['error', 'NotEncodable', { knot: 'functional', input: 'value', path: '$[0]' }],
    ['error', 'NotEncodable', { knot: 'functional', input: 'value', path: '$.f' }],
    ['warning', 'UnusedParameter', { tapestry: 'bad', parameter: 'loud' }],
  ]);
  for (const { message } of problems) expect(message).toMatch(/\w+.*\./);
});

test('of a function that builds one, the mistake that it throws is the answer, with its reason', () => {
  const build = () =>
    tapestry('unbuilt', (t) => {
      const x = t.parameter('x', z.number());
      loop({ step: inner, initial: { x }, untill: () => true } as never, { id: 'k' });
    });
  expect(check(build)).toEqual([
    {
      severity: 'error',
      code: 'InvalidConfig',
      reason: 'UnknownOption',
      message: expect.stringContaining('did you mean "until"?'),
      details: { node: 'loop', knot: 'k' },
    },
  ]);
  expect(() => check(() => JSON.parse('{') as Tapestry)).toThrow(SyntaxError);
  expect(check(5 as never)).toMatchObject([{ code: 'InvalidConfig', reason: 'WrongValue' }]);
});

test('a tapestry without anything, and one that is too large to be compiled', () => {
  expect(check(tapestry('bare', () => undefined))).toMatchObject([{ code: 'EmptyTapestry' }]);
  const large = tapestry('large', () => {
    const texts = ['x'.repeat(1024 * 1024)];
    for (let n = 0; n < 64; n++) taking({ value: texts }, { id: `k${n}` });
  });
  expect(check(large)).toMatchObject([{ code: 'PlanTooLarge', details: { knot: 'k63' } }]);
});
