import { knot, runLocally, tapestry, waitForSignal } from 'selvage';
import { z } from 'zod';

const write = knot('write', () => 'Prices go up.');
const publish = knot(
  'publish',
  ({ text, approval }: { text: string; approval: { by: string } }) => `${text} (${approval.by})`,
);

const article = tapestry('article', () => {
  const text = write({}, { id: 'text' });
  const approval = waitForSignal('approve', z.object({ by: z.string() }), {
    id: 'approval',
    after: [text],
    timeout: 7 * 86_400_000,
  });
  return { published: publish({ text, approval }, { id: 'published' }) };
});

test('the value is what was sent', async () => {
  const { values } = await runLocally(article, {}, { signals: { approve: { by: 'ada' } } });
  expect(values.published).toBe('Prices go up. (ada)');
});

test('after a week without a word it has failed', async () => {
  const { outcomes } = await runLocally(article, {});
  expect(outcomes['approval']).toMatchObject({ kind: 'err', error: { type: 'SignalTimeout' } });
});
