import { knot, loop, runLocally, subTapestry, tapestry } from 'selvage';
import { z } from 'zod';

const halve = knot('halve', ({ guess, of }: { guess: number; of: number }) => (guess + of / guess) / 2);
const distance = knot('distance', ({ root, of }: { root: number; of: number }) => Math.abs(root * root - of));
const round = knot('round', ({ root }: { root: { guess: number } }) => Number(root.guess.toFixed(3)));
const hypotenuse = knot('hypotenuse', ({ a, b }: { a: number; b: number }) => a * a + b * b);

const improve = tapestry(
  'improve',
  { parameters: { guess: z.number(), of: z.number() } },
  (_t, { guess, of }) => {
    const next = halve({ guess, of }, { id: 'next' });
    return { guess: next, error: distance({ root: next, of }, { id: 'error' }) };
  },
);

const squareRoot = tapestry('square-root', { parameters: { of: z.number().positive() } }, (_t, { of }) => {
  const root = loop(
    { step: improve, initial: { guess: 1, of }, until: ({ error }) => error < 1e-6, max: 50 },
    { id: 'root' },
  );
  return { root: round({ root }, { id: 'rounded' }) };
});

const triangle = tapestry('triangle', { parameters: { a: z.number(), b: z.number() } }, (_t, { a, b }) => {
  const of = hypotenuse({ a, b }, { id: 'squared' });
  return { c: subTapestry({ tapestry: squareRoot, inputs: { of } }, { id: 'c' }) };
});

test('a triangle, by the tapestry of the square root, by a loop', async () => {
  const { values } = await runLocally(triangle, { a: 3, b: 4 });
  expect(values.c).toEqual({ root: 5 });
});

test('what fails in a nested run fails its knot', async () => {
  const { outcomes } = await runLocally(triangle, { a: 0, b: 0 });
  expect(outcomes['c']).toMatchObject({
    kind: 'err',
    error: { type: 'SubRunFailed', cause: { type: 'InvalidParameters' } },
  });
});

test('a fake stands for a whole run, or for a body in it', async () => {
  const whole = await runLocally(triangle, { a: 3, b: 4 }, { replace: { c: () => ({ root: 1 }) } });
  expect(whole.values.c).toEqual({ root: 1 });
  const inside = await runLocally(triangle, { a: 3, b: 4 }, { replace: { 'c/rounded': () => 2 } });
  expect(inside.values.c).toEqual({ root: 2 });
});
