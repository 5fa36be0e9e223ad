import { knot, tapestry } from 'selvage';
import { z } from 'zod';

/** Stands for a call that takes time and may fail: to a service, a database, a model. */
export const fetchText = knot('fetch-text', { output: z.string() }, async ({ name }: { name: string }) => {
  if (name === '') throw new Error('nobody is there');
  return `Hello, ${name}.`;
});
export const countWords = knot('count-words', ({ text }: { text: string }) => text.split(/\s+/).length);

/** What the run is given, which knots there are, and what comes of it. Bodies run when the run does. */
export const greeting = tapestry('greeting', { parameters: { name: z.string() } }, (_t, { name }) => {
  const text = fetchText({ name }, { id: 'text', retry: { maximumAttempts: 3 } });
  const words = countWords({ text }, { id: 'words' });
  return { text, words };
});
