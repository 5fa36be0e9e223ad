import { knot } from 'selvage';
import { z } from 'zod';

/** Stands for a call that takes time and may fail: to a service, a database, a model. */
export const fetchText = knot('fetch-text', { output: z.string() }, async ({ name }: { name: string }) => {
  if (name === '') throw new Error('nobody is there');
  return `Hello, ${name}.`;
});

/** A plain function is a body, too. */
export function countWords({ text }: { text: string }): number {
  return text.split(/\s+/).length;
}
