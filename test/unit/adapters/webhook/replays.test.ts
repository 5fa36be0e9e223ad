import { InMemoryStartLedger } from '../../../../src/adapters/memory';
import { requireNoReplay } from '../../../../src/adapters/webhook/replays';

const HOUR = 3_600_000;
const MIDNIGHT = Date.UTC(2026, 0, 2);
const trigger = { kind: 'webhook', id: 'push', options: {} } as const;

beforeEach(() => void jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] }));
afterEach(() => void jest.useRealTimers());

/** Deliveries of one signature: hours around a midnight, and the delivery id; answers which were let in. */
async function deliver(
  deliveries: readonly (readonly [hour: number, delivery: string])[],
): Promise<string[]> {
  const ledger = new InMemoryStartLedger();
  const answers: string[] = [];
  for (const [hour, key] of deliveries) {
    jest.setSystemTime(MIDNIGHT + hour * HOUR);
    try {
      await requireNoReplay(ledger, trigger, { key, signature: 'abc' });
      answers.push(`${key} taken`);
    } catch (error) {
      answers.push(`${key} ${(error as { code: string }).code}`);
    }
  }
  return answers;
}

test('within a day the first delivery id of a signature is the only one, over a midnight, too', async () => {
  expect(
    await deliver([
      [-2, 'first'],
      [-1, 'replayed'],
      [1, 'replayed'],
      [2, 'first'],
      [21, 'another'],
    ]),
  ).toEqual([
    'first taken',
    'replayed EventReplayed',
    'replayed EventReplayed',
    'first taken',
    'another EventReplayed',
  ]);
});

test('a day after the last one another may come, and is then the only one', async () => {
  expect(
    await deliver([
      [1, 'first'],
      [26, 'second'],
      [27, 'replayed'],
      [49, 'replayed'],
      [51, 'third'],
      [76, 'fourth'],
    ]),
  ).toEqual([
    'first taken',
    'second taken',
    'replayed EventReplayed',
    'replayed EventReplayed',
    'third EventReplayed',
    'fourth taken',
  ]);
});

test('one whose key the ledger has comes again under it, whatever was replayed meanwhile', async () => {
  const ledger = new InMemoryStartLedger();
  jest.setSystemTime(MIDNIGHT);
  const claim = { trigger: 'webhook:push', key: 'first', runId: 'push~1', requestHash: null, event: {} };
  await ledger.claim([claim]);
  await requireNoReplay(ledger, trigger, { key: 'other', signature: 'abc' });
  await expect(requireNoReplay(ledger, trigger, { key: 'first', signature: 'abc' })).resolves.toBeUndefined();
});

test('what it keeps is forgotten with the rest of the ledger', async () => {
  const ledger = new InMemoryStartLedger();
  jest.setSystemTime(MIDNIGHT);
  await requireNoReplay(ledger, trigger, { key: 'first', signature: 'abc' });
  await ledger.forget(MIDNIGHT + HOUR);
  expect((await ledger.list()).items).toEqual([]);
});
