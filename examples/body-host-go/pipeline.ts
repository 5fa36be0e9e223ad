import path from 'node:path';
import { hostedKnot, knot, map, program, tapestry } from 'selvage';
import { z } from 'zod';

/** The program that `go build` makes of this folder. */
const command = [process.env['BODY_HOST_GO'] ?? path.join(__dirname, 'body-host-go')];
const go = program({ name: 'go', command, processes: 1 });

const picture = z.instanceof(Uint8Array);
const pixels = z.number().int().positive();

const draw = hostedKnot(go, 'pictures:draw', {
  input: z.object({ width: pixels, height: pixels }),
  output: picture,
});
const shrink = hostedKnot(go, 'pictures:shrink', {
  input: z.object({ picture, width: pixels }),
  output: picture,
});
const measure = hostedKnot(go, 'pictures:measure', {
  input: z.object({ picture }),
  output: z.object({ width: pixels, height: pixels, bytes: pixels }),
});

const list = knot('list', ({ sizes }: { sizes: { width: number; height: number }[] }) =>
  sizes.map(({ width, height }) => `${width} × ${height}`).join(', '),
);

/** A picture and smaller ones of it, by bodies in Go; what they come to, by one in TypeScript. */
export const thumbnails = tapestry(
  'thumbnails',
  { parameters: { widths: z.array(pixels).default([320, 64, 16]) } },
  (_t, { widths }) => {
    const original = draw({ width: 640, height: 480 }, { id: 'original' });
    const smaller = map(
      { over: widths, each: shrink, bind: 'width', shared: { picture: original } },
      { id: 'smaller' },
    );
    const sizes = map({ over: smaller, each: measure, bind: 'picture' }, { id: 'sizes' });
    return { sizes: list({ sizes }, { id: 'list' }) };
  },
);
