import { z } from 'zod';
import { daily, knot, list, product, runLocally, tapestry, type TimePartition } from '../../src';
import { expectType, type Same } from './expect-type';

const span = knot('span', ({ day }: { day: TimePartition }) => day.key);
const region = knot('region', ({ of }: { of: 'eu' | 'us' }) => of);
const named = knot('named', ({ of }: { of: { key: 'eu' | 'us' } }) => of.key);

const days = tapestry(
  'days',
  { partition: daily('2024-01-01'), parameters: { limit: { schema: z.number(), default: 1 } } },
  (t, { partition, limit }) => {
    span({ day: partition }, { id: 'span' });
    span({ day: t.partition }, { id: 'again' });
    // @ts-expect-error: a partition is no text
    region({ of: partition }, { id: 'region' });
    // @ts-expect-error: a number is no partition
    span({ day: limit }, { id: 'limit' });
  },
);
void runLocally(days, { partition: '2024-01-01' });
void runLocally(days, { partition: '2024-01-01', limit: 5 });
// @ts-expect-error: the partition is missing
void runLocally(days, { limit: 5 });
// @ts-expect-error: a key is a text
void runLocally(days, { partition: 5 });

const regions = tapestry('regions', { partition: list(['eu', 'us']) }, (_t, { partition }) => ({
  name: named({ of: partition }, { id: 'name' }),
}));
void runLocally(regions, { partition: 'eu' }).then(({ values }) => {
  expectType<Same<(typeof values)['name'], 'eu' | 'us' | undefined>>(true);
});
// @ts-expect-error: the list has no such key
void runLocally(regions, { partition: 'asia' });

const pairs = product({ day: daily('2024-01-01'), region: list(['eu', 'us']) });
const pair = knot(
  'pair',
  ({ of }: { of: { key: string; day: TimePartition; region: { key: 'eu' | 'us' } } }) => of.key,
);
tapestry('pairs', { partition: pairs }, (_t, { partition }) => {
  pair({ of: partition }, { id: 'pair' });
});
