import { z } from 'zod';
import { Tapestry, gate, knot, loop, optional, subTapestry, tapestry } from '../../../src';
import { compile } from '../../../src/plan';
import { recordOf } from '../../../src/authoring';
import { thrownBy } from '../../support/thrown-by';
import { refusal } from '../../support/refusal';

const id = knot('id', ({ x }: { x: number }) => x);
const one = knot('one', () => 1);
const inner = tapestry(
  'inner',
  { parameters: { x: z.number(), y: { schema: z.number(), default: 1 } } },
  (_t, { x }) => ({ x: id({ x }, { id: 'x' }) }),
);

function placing(options: unknown, config: unknown = { id: 'n' }): unknown {
  return thrownBy(() =>
    tapestry('outer', () => {
      subTapestry(options as never, config as never);
    }),
  );
}

test.each([
  {
    what: 'no tapestry',
    options: { inputs: {} },
    code: 'InvalidConfig',
    says: 'The subTapestry "n" has no tapestry as its "tapestry". Give what tapestry() answered',
  },
  {
    what: 'an unknown parameter',
    options: { tapestry: inner, inputs: { x: 1, z: 2 } },
    code: 'UnknownInput',
    says: 'The input "z" was given to the subTapestry "n", and the tapestry "inner" has no such parameter: it has x, y.',
  },
  {
    what: 'a missing parameter',
    options: { tapestry: inner, inputs: {} },
    code: 'MissingInput',
    says: 'The input "x" of the subTapestry "n" is missing',
  },
  {
    what: 'a constant that the schema refuses',
    options: { tapestry: inner, inputs: { x: 'one' } },
    code: 'InvalidInput',
    says: 'The input "x" of the subTapestry "n" does not satisfy the schema of that parameter of the tapestry "inner"',
  },
  {
    what: 'an option that says how a body is called',
    options: { tapestry: inner, inputs: { x: 1 } },
    config: { id: 'n', retry: { maximumAttempts: 3 } },
    code: 'InvalidConfig',
    says: 'The option "retry" of the knot "n", a subTapestry, cannot be used',
  },
])('$what is refused', ({ options, config, code, says }) => {
  expect(placing(options, config)).toMatchObject(refusal(code, says));
});

const returnsNothing = tapestry('nothing', { parameters: { x: z.number() } }, (_t, { x }) => ({
  y: id({ x }, { id: 'y' }),
}));
const returnsOptional = tapestry('maybe', { parameters: { x: z.number() } }, (_t, { x }) => ({
  x: optional(id)({ x }, { id: 'y' }),
}));
const returnsGate = tapestry('gated', { parameters: { x: z.number() } }, (_t, { x }) => ({
  x: gate({ input: x, predicate: () => true }, { id: 'y' }),
}));
const until = (): boolean => true;

test.each([
  { what: 'no step', options: { until }, says: 'The loop "n" has no tapestry as its "step"' },
  {
    what: 'no function',
    options: { step: inner, initial: { x: 1 } },
    says: 'The loop "n" has no "until". Give a function',
  },
  {
    what: 'a step that returns no parameter',
    options: { step: returnsNothing, initial: { x: 1 }, until },
    says: 'The loop "n" has a step, "nothing", that returns none of its parameters (x).',
  },
  {
    what: 'a step whose next state may have no value',
    options: { step: returnsOptional, initial: { x: 1 }, until },
    says: 'The loop "n" has a step, "maybe", that returns as "x" a knot that may have no value',
  },
  {
    what: 'a step whose next state is behind a gate',
    options: { step: returnsGate, initial: { x: 1 }, until },
    says: 'The loop "n" has a step, "gated", that returns as "x" a knot that may have no value',
  },
  {
    what: 'a limit that is none',
    options: { step: inner, initial: { x: 1 }, until, max: 0 },
    says: 'The loop "n" has 0 as "max". Give a whole number',
  },
  {
    what: 'no initial state',
    options: { step: inner, until },
    code: 'MissingInput',
    says: 'The input "x" of the loop "n" is missing',
  },
])('a loop with $what is refused', ({ options, code = 'InvalidConfig', says }) => {
  const error = thrownBy(() => tapestry('outer', () => void loop(options as never, { id: 'n' })));
  expect(error).toMatchObject(refusal(code, says));
});

test('a tapestry cannot be nested in itself, nor two in one another', () => {
  const a = new Tapestry('a');
  expect(thrownBy(() => subTapestry({ tapestry: a, inputs: {} }, { id: 'n', tapestry: a }))).toMatchObject(
    refusal('Cycle', '"a" → "a"'),
  );
  const b = new Tapestry('b');
  subTapestry({ tapestry: a, inputs: {} }, { id: 'n', tapestry: b });
  expect(thrownBy(() => subTapestry({ tapestry: b, inputs: {} }, { id: 'n', tapestry: a }))).toMatchObject(
    refusal('Cycle', '"a" → "b" → "a". Use `loop`'),
  );
  expect(thrownBy(() => one({}, { id: 'one', tapestry: a }))).toMatchObject({ code: 'TapestryClosed' });
});

test('the plan pins that of what is nested, and has no options of bodies for it', () => {
  const outer = (nested: Tapestry<{ x: number }, object>): ReturnType<typeof compile>['plan'] =>
    compile(
      recordOf(
        tapestry('outer', { knots: { retry: { maximumAttempts: 3 }, timeout: 9, maxConcurrent: 2 } }, () => {
          subTapestry({ tapestry: nested, inputs: { x: 1 } }, { id: 'n' });
        }),
      ),
    ).plan;
  const { knots } = outer(inner);
  const { hash } = compile(recordOf(inner));
  expect(knots[0]).toMatchObject({
    policy: { node: 'subTapestry' },
    inputs: { 'selvage.tapestry': { constant: { tapestry: 'inner', plan: hash } }, x: { constant: 1 } },
  });
  expect(knots[0]!.policy).toEqual({ node: 'subTapestry' });
  const other = tapestry('inner', { parameters: { x: z.number() } }, (_t, { x }) => ({
    x: id({ x }, { id: 'other' }),
  }));
  expect(outer(other).knots[0]!.configHash).not.toBe(knots[0]!.configHash);
});
