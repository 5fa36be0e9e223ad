import { check, daily, knot, list, product, runLocally, subTapestry, tapestry, Tapestry } from '../../../src';
import { compile } from '../../../src/plan';
import { wiringHash } from '../../../src/plan/wiring';
import { nodeSha256 } from '../../../src/node/node-sha256';
import { recordOf } from '../../../src/authoring';

const hours = knot('hours', ({ day }: { day: { start: Date; end: Date } }) => (+day.end - +day.start) / 36e5);
const weather = tapestry(
  'weather',
  { partition: daily('2024-01-01', { timezone: 'Europe/Berlin' }) },
  (_t, { partition }) => ({ hours: hours({ day: partition }, { id: 'hours' }) }),
);

test('a run is started with the key of its partition, and its bodies get the window', async () => {
  const { values, outputs } = await runLocally(weather, { partition: '2024-03-31' });
  expect(values).toEqual({ hours: 23 });
  expect(outputs['param:partition']).toEqual({
    key: '2024-03-31',
    start: new Date('2024-03-30T23:00:00Z'),
    end: new Date('2024-03-31T22:00:00Z'),
  });
});

test('a key that the domain does not have refuses the run, beside whatever else is wrong', async () => {
  await expect(runLocally(weather, { partition: '2023-12-31', more: 1 } as never)).rejects.toMatchObject({
    code: 'InvalidParameters',
    details: {
      problems: [
        { path: 'more', code: 'UnknownParameter' },
        {
          path: 'partition',
          code: 'WrongValue',
          message: expect.stringContaining('first one is 2024-01-01') as string,
        },
      ],
    },
  });
  await expect(runLocally(weather, {} as never)).rejects.toThrow('missing parameter "partition"');
});

test('a tapestry that a knot runs gets the partition of the one that runs it', async () => {
  const outer = tapestry('outer', { partition: daily('2024-01-01') }, (_t, { partition }) => ({
    inner: subTapestry({ tapestry: weather, inputs: { partition } }, { id: 'inner' }),
  }));
  const { values } = await runLocally(outer, { partition: '2024-03-31' });
  // By the time zone of the tapestry that runs.
  expect(values).toEqual({ inner: { hours: 23 } });
});

test('a tapestry made by hand has the partition as well', async () => {
  const made = new Tapestry<{ partition: 'eu' | 'us' | { key: 'eu' | 'us' } }>('by-hand', {
    partition: list(['eu', 'us']),
  });
  const named = knot('named', ({ of }: { of: { key: 'eu' | 'us' } }) => of.key);
  named({ of: made.partition }, { id: 'named', tapestry: made });
  expect((await runLocally(made, { partition: 'us' })).values).toEqual({ named: 'us' });
  expect(() => new Tapestry('bare').partition).toThrow('has no partitions');
});

test('the plan has the domain as data, and no wiring of its own by it', () => {
  const make = (partition: Parameters<typeof daily>): ReturnType<typeof compile> =>
    compile(
      recordOf(
        tapestry('t', { partition: daily(...partition), dependsOnPrevious: true }, (_t, p) => {
          hours({ day: p.partition }, { id: 'hours' });
        }),
      ),
    );
  const [short, long] = [make(['2024-01-01', { last: '2024-12-31' }]), make(['2024-01-01'])];
  expect(short.plan.partition).toEqual({
    domain: { kind: 'daily', start: '2024-01-01', last: '2024-12-31', timezone: 'UTC' },
    dependsOnPrevious: true,
  });
  expect(short.hash).not.toBe(long.hash);
  const wiring = [short, long].map(({ plan }) => wiringHash(plan, () => '', nodeSha256));
  expect(wiring[0]).toBe(wiring[1]);
});

test('what cannot be partitions, or stands beside them, is refused where it is written', () => {
  const build = (): void => {
    hours({ day: { start: new Date(), end: new Date() } }, { id: 'hours' });
  };
  const partition = product(list(['a']), list(['b']));
  for (const [options, message] of [
    [{ partition: 'daily' }, 'must be what daily'],
    [{ partition, parameters: { partition: list(['a']) } }, 'declared twice'],
    [{ dependsOnPrevious: true }, 'says nothing without "partition"'],
    [{ partition, dependsOnPrevious: 1 }, 'true or false'],
  ] as const) {
    expect(() => tapestry('t', options as never, build)).toThrow(message);
  }
  expect(check(() => tapestry('t', { partition }, build))).toMatchObject([{ code: 'UnusedParameter' }]);
});
