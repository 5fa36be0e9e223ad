import { local, tapestry } from 'selvage';
import { z } from 'zod';
import { parse, total } from './definitions';

export const fast = tapestry('fast', { knots: { dispatcher: local() } }, (t) => {
  const numbers = parse({ text: t.parameter('text', z.string()) }, { id: 'numbers' });
  return { sum: total({ numbers }, { id: 'sum' }) };
});
