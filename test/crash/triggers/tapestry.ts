import { z } from 'zod';

import { knot, tapestry, type Tapestry } from '../../../src';

const keep = knot(
  'keep',
  { input: z.object({ event: z.string() }), output: z.string() },
  ({ event }) => event,
);

/** One short run an event. Its name is the workflow type, by which its runs are counted. */
export function keeping(name: string): Tapestry<{ event: string }, { kept: string }> {
  return tapestry(name, (t) => {
    const event = t.parameter('event', z.string());
    return { kept: keep({ event }, { id: 'kept' }) };
  });
}
