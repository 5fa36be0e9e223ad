import { InMemoryRunHistory } from '../../../../src/adapters/memory';
import { statsOf } from '../../../../src/records/questions';
import { sampleLineage } from '../../../../src/testing/sample-records';

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let number = 0;

/** As many knots of a definition, which took so long; the first ones failed. */
function knots(
  definition: string,
  when: number,
  count: number,
  took: (index: number) => number,
  failed = 0,
): ReturnType<typeof sampleLineage>[] {
  return Array.from({ length: count }, (_, index) =>
    sampleLineage({
      knot_id: `knot-${number++}`,
      definition,
      scheduled_at: when,
      started_at: when,
      finished_at: when + took(index),
      outcome: index < failed ? 'err' : 'ok',
    }),
  );
}

async function statsOver(...records: ReturnType<typeof sampleLineage>[][]) {
  const history = new InMemoryRunHistory();
  await history.commit(records.flat());
  return await statsOf(history, { since: NOW - DAY, until: NOW });
}

const earlier = NOW - 3 * DAY;
const lately = NOW - HOUR;

test('stats say what became slower, with the figures and how many they are of', async () => {
  const { items, baseline } = await statsOver(
    knots('slower', earlier, 300, () => 20),
    knots('slower', lately, 60, () => 60),
    knots('same', earlier, 300, () => 20),
    knots('same', lately, 80, () => 22),
    knots('tail', earlier, 300, () => 20),
    knots('tail', lately, 200, (index) => (index % 10 === 0 ? 500 : 20)),
  );
  expect(items.map(({ name, ran }) => [name, ran])).toEqual([
    ['tail', 200],
    ['same', 80],
    ['slower', 60],
  ]);
  expect(baseline!.regressions).toEqual([
    expect.objectContaining({ name: 'tail', what: 'p95', before: 20, samples: 200, samplesBefore: 300 }),
    expect.objectContaining({ name: 'slower', what: 'p50', before: 20, samples: 60, samplesBefore: 300 }),
  ]);
  expect(baseline!.tooFewSamples).toEqual([]);
});

test('stats say what fails more often, unless chance explains it', async () => {
  const { baseline } = await statsOver(
    knots('breaks', earlier, 200, () => 5, 2),
    knots('breaks', lately, 100, () => 5, 20),
    knots('chance', earlier, 200, () => 5, 4),
    knots('chance', lately, 60, () => 5, 3),
    knots('better', earlier, 200, () => 5, 50),
    knots('better', lately, 60, () => 5, 0),
  );
  expect(baseline!.regressions).toEqual([
    { name: 'breaks', what: 'failures', before: 0.01, now: 0.2, samplesBefore: 200, samples: 100 },
  ]);
});

test('stats say nothing of few, and name these', async () => {
  const { baseline } = await statsOver(
    knots('few', earlier, 300, () => 5),
    knots('few', lately, 49, () => 500, 49),
    knots('new', lately, 80, () => 5),
  );
  expect(baseline).toMatchObject({ regressions: [], tooFewSamples: ['new', 'few'], minSamples: 50 });
  expect(baseline!.samplesMissing).toEqual([
    { name: 'new', now: 0, before: 50 },
    { name: 'few', now: 1, before: 0 },
  ]);
});

test('stats compare with the week before, another time, or nothing', async () => {
  const history = new InMemoryRunHistory();
  await history.commit(knots('slower', NOW - 9 * DAY, 100, () => 5));
  await history.commit(knots('slower', lately, 100, () => 500));
  const window = { since: NOW - DAY, until: NOW };
  const found = async (baseline?: number | false): Promise<number | undefined> =>
    (await statsOf(history, { ...window, baseline })).baseline?.regressions.length;
  expect(await found()).toBe(0);
  expect(await found(10 * DAY)).toBe(1);
  expect(await found(false)).toBeUndefined();
});

test('functions in place, which share a name, are compared by knot alone', async () => {
  const each = (knot: string, when: number, took: number) =>
    knots('selvage.map.each', when, 100, () => took).map((record, index) => ({
      ...record,
      temporal_run_id: `${when}`,
      knot_id: `${knot}[${index}]`,
    }));
  const history = new InMemoryRunHistory();
  await history.commit([...each('quick', earlier, 20), ...each('slow', lately, 900)]);
  const asked = { since: NOW - DAY, until: NOW };
  expect((await statsOf(history, asked)).baseline).toMatchObject({ regressions: [], tooFewSamples: [] });
  expect((await statsOf(history, { ...asked, by: 'knot' })).baseline).toMatchObject({
    regressions: [],
    tooFewSamples: ['slow[]'],
  });
});
