import { firstOk, knot, runLocally, sleep, tapestry, waitForSignal, waitUntil } from 'selvage';
import { z } from 'zod';

const write = knot('write', ({ month }: { month: string }) => `report of ${month}`);
const publish = knot('publish', ({ text, by }: { text: string; by: string }) => `${text}, approved by ${by}`);
const nameOf = knot('name-of', ({ approval }: { approval: { by: string } }) => approval.by);
const nobody = knot('nobody', () => 'nobody');

const monthly = tapestry(
  'monthly',
  { parameters: { month: z.string(), due: z.date() } },
  (_t, { month, due }) => {
    const text = write({ month }, { id: 'text' });
    const approval = waitForSignal('approve', z.object({ by: z.string() }), {
      id: 'approval',
      after: [text],
      timeout: 30 * 86_400_000,
    });
    // What is to happen when it does not come.
    const by = firstOk(
      { of: [nameOf({ approval }, { id: 'name' }), nobody({}, { id: 'nobody' })] },
      { id: 'by' },
    );
    const ready = waitUntil({ time: due, input: text }, { id: 'ready' });
    const line = publish({ text: ready, by }, { id: 'line' });
    sleep({ ms: 60_000, after: [line] }, { id: 'a-minute-after' });
    return { line };
  },
);
const january = { month: 'January', due: new Date('2026-02-01') };

test('approved', async () => {
  const { values } = await runLocally(monthly, january, { signals: { approve: { by: 'ada' } } });
  expect(values).toEqual({ line: 'report of January, approved by ada' });
});

test('not approved in time', async () => {
  const { values, outcomes } = await runLocally(monthly, january);
  expect(values).toEqual({ line: 'report of January, approved by nobody' });
  expect(outcomes['approval']).toMatchObject({ kind: 'err', error: { type: 'SignalTimeout' } });
});

test('a wrong signal', async () => {
  const wrong = runLocally(monthly, january, { signals: { approve: { by: 5 } } });
  await expect(wrong).rejects.toMatchObject({ code: 'InvalidSignal' });
});
