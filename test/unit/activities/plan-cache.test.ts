import { PlanCache } from '../../../src/activities';
import { InMemoryTapestryStore } from '../../../src/adapters/memory';
import { createInMemoryBackends, nodeSha256 } from '../../../src/backends';
import { decodeLayout } from '../../../src/plan';
import { planOf } from '../../../src/runtime';
import { knot, recordOf, tapestry } from '../../../src/authoring';
import type { StoredPlan, TapestryStore } from '../../../src/ports';
import { rejectionOf } from '../../support/rejection-of';
import { SwitchableBackends } from '../../support/switchable-backends';
import { refusal } from '../../support/refusal';

const step = knot('step', ({ n }: { n: number }) => n);
const planNumber = (n: number) =>
  planOf(
    recordOf(
      tapestry('plans', () => {
        step({ n }, { id: 'first' });
        step({ n }, { id: 'second' });
      }),
    ),
    nodeSha256,
  );

async function save(store: TapestryStore, ...numbers: number[]): Promise<string[]> {
  const plans = numbers.map(planNumber);
  for (const { hash, text } of plans) await store.save({ hash, tapestry: 'plans', text, savedAt: 1 });
  return plans.map(({ hash }) => hash);
}

class CountingStore extends InMemoryTapestryStore {
  readonly read: string[] = [];

  override async get(hash: string): Promise<StoredPlan | undefined> {
    this.read.push(hash);
    return await super.get(hash);
  }
}

test('a plan is read once, also by those who ask at the same time', async () => {
  const store = new CountingStore();
  const [hash] = (await save(store, 1)) as [string];
  const cache = new PlanCache(store);
  const plans = await Promise.all([cache.get(hash), cache.get(hash)]);
  expect(plans[0]).toBe(plans[1]);
  expect(await cache.get(hash)).toBe(plans[0]);
  expect(plans[0].hash).toBe(hash);
  expect(store.read).toEqual([hash]);
});

test('only the last 50 are kept', async () => {
  const store = new CountingStore();
  const hashes = await save(store, ...Array.from({ length: 51 }, (_, n) => n));
  const cache = new PlanCache(store);
  for (const hash of hashes) await cache.get(hash);
  await cache.get(hashes[50]!);
  expect(store.read).toHaveLength(51);
  await cache.get(hashes[0]!);
  expect(store.read).toHaveLength(52);
});

test('a failure is not remembered', async () => {
  const line = new SwitchableBackends(createInMemoryBackends());
  const { tapestryStore } = line.backends;
  const cache = new PlanCache(tapestryStore);
  const missing = planNumber(7).hash;
  expect(await rejectionOf(cache.get(missing))).toMatchObject(refusal('InvalidPlan', missing));
  line.inflict({ code: 'BackendUnavailable', times: 1, only: ['tapestryStore.get'] });
  const [hash] = (await save(tapestryStore, 7)) as [string];
  expect((await rejectionOf(cache.get(hash))).code).toBe('BackendUnavailable');
  expect((await cache.get(hash)).plan.tapestry).toBe('plans');
});

test('the layout is that of the terminals that were asked for', async () => {
  const { tapestryStore } = createInMemoryBackends();
  const [hash] = (await save(tapestryStore, 1)) as [string];
  const cache = new PlanCache(tapestryStore);
  expect(decodeLayout(await cache.layoutSlices(hash, undefined)).ids).toEqual(['first', 'second']);
  expect(decodeLayout(await cache.layoutSlices(hash, ['second'])).ids).toEqual(['second']);
  expect((await rejectionOf(cache.layoutSlices(hash, ['third']))).code).toBe('UnknownTerminal');
});
