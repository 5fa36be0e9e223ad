import { createReadStream } from 'node:fs';
import { knot } from 'selvage';

export const archive = knot('archive', async ({ path }: { path: string }, ctx) =>
  ctx.store(createReadStream(path), { mediaType: 'application/gzip' }),
);
