import http from 'node:http';
import { z } from 'zod';
import { knot, subTapestry, tapestry } from '../../src';

/** Calls another system, as a body does that knows nothing of traces. */
const call = knot(
  'call',
  ({ url }: { url: string }) =>
    new Promise<number>((resolve, reject) => {
      http
        .get(url, (response) => {
          response.resume();
          response.on('end', () => resolve(response.statusCode ?? 0));
        })
        .on('error', reject);
    }),
);

export const inner = tapestry('inner', { parameters: { url: z.string() } }, (_, { url }) => ({
  called: call({ url }, { id: 'called' }),
}));
export const outer = tapestry('outer', { parameters: { url: z.string() } }, (_, { url }) => ({
  nested: subTapestry({ tapestry: inner, inputs: { url } }, { id: 'nested' }),
}));
