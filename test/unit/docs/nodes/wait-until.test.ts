import { knot, runLocally, tapestry, waitUntil } from 'selvage';
import { z } from 'zod';

const congratulate = knot('congratulate', ({ name }: { name: string }) => `Many happy returns, ${name}!`);

const birthday = tapestry(
  'birthday',
  { parameters: { name: z.string(), at: z.date() } },
  (_t, { name, at }) => {
    const onTheDay = waitUntil({ time: at, input: name }, { id: 'on-the-day' });
    return { card: congratulate({ name: onTheDay }, { id: 'card' }) };
  },
);

test('a time that is past is over at once', async () => {
  const { values } = await runLocally(birthday, { name: 'Ada', at: new Date('2020-12-10') });
  expect(values.card).toBe('Many happy returns, Ada!');
});
