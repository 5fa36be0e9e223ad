/** A stream that goes on until it is told to stop. */
import { once } from 'node:events';
import { knot, stream, tapestry } from 'selvage';
import { z } from 'zod';

const hum = knot('hum', ({ note }: { note: number }) => note);
export const humming = tapestry('humming', { parameters: { note: z.number() } }, (_t, { note }) => ({
  hummed: hum({ note }, { id: 'hummed' }),
}));

async function* hums(after: number | undefined, { signal }: { readonly signal: AbortSignal }) {
  if (after === undefined) yield { value: 440, offset: 0 };
  if (!signal.aborted) await once(signal, 'abort');
}

export const notes = stream(hums, humming, { id: 'notes', parameter: 'note' });
export const drained = stream(hums, humming, { id: 'drained', parameter: 'note' });
