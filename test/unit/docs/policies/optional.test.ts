import { knot, optional, runLocally, tapestry } from 'selvage';
import { z } from 'zod';

const picture = optional(
  knot('picture', ({ title }: { title: string }) => {
    if (title === 'unknown') throw new Error('there is no picture of it');
    return `${title}.png`;
  }),
);
const print = knot('print', ({ title }: { title: string }) => `# ${title}`);
const frame = knot('frame', ({ picture }: { picture: string }) => `[${picture}]`);

const page = tapestry('page', (t) => {
  const title = t.parameter('title', z.string());
  const framed = frame({ picture: picture({ title }, { id: 'picture' }) }, { id: 'framed' });
  return { text: print({ title }, { id: 'text' }), framed };
});

test('a run can do without it', async () => {
  const { values, outcomes, succeeded } = await runLocally(page, { title: 'unknown' });
  expect(succeeded).toBe(true);
  expect(values.text).toBe('# unknown');
  expect(outcomes['picture']).toMatchObject({ kind: 'err' });
  expect(outcomes['framed']).toMatchObject({ kind: 'skipped', detail: { anyErr: false, anySkipped: true } });
});
