import { knot, map, subTapestry, tapestry, waitForSignal } from 'selvage';
import { z } from 'zod';

/** Which version of the package works. */
const version = (): string => process.env['VERSION'] ?? 'none';

const first = knot('first', version);
const second = knot(
  'second',
  ({ before }: { before: string; approval: unknown }) => `${before}, then ${version()}`,
);
export const held = tapestry('held', () => {
  const before = first({}, { id: 'first' });
  const approval = waitForSignal(
    { name: 'approve', schema: z.object({ by: z.string() }), after: [before] },
    { id: 'approval' },
  );
  return { end: second({ before, approval }, { id: 'end' }) };
});

const numbers = knot('numbers', () => Array.from({ length: 30 }, (_, number) => number));
const which = knot('which', (_: { number: number }) => version());
export const many = tapestry('many', () => ({
  versions: map({ over: numbers({}, { id: 'numbers' }), each: which, bind: 'number' }, { id: 'versions' }),
}));

const shaky = knot('shaky', (_: object, { attempt }) => {
  if (attempt === 1) throw new Error('once');
  return version();
});
const inner = tapestry('inner', () => ({
  said: shaky({}, { id: 'said', retry: { maximumAttempts: 5, initialInterval: 50 } }),
}));
export const nested = tapestry('nested', () => ({
  inner: subTapestry({ tapestry: inner, inputs: {} }, { id: 'inner' }),
}));
