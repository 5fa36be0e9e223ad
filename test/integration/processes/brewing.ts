import { knot, tapestry } from '../../../src';
import { untilPermitted } from './beginnings';

const brew = knot('brew', { version: '1', cache: true }, async ({ of }: { of: string }, context) => {
  await untilPermitted(context);
  return `a pot of ${of}`;
});

/** Two runs of it come to the same value, which one of them makes. */
export const brewing = tapestry('brewing', () => ({ tea: brew({ of: 'tea' }, { id: 'tea' }) }));
