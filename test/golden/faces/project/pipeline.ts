/** The fixed project of the golden faces: one tapestry, or more, for each way in which a run can go. */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import {
  knot,
  list,
  map,
  queue,
  reduce,
  schedule,
  stream,
  subTapestry,
  tapestry,
  waitForSignal,
  waitUntil,
  webhook,
} from 'selvage';
import { z } from 'zod';

const double = knot(
  'double',
  { input: z.object({ x: z.number() }), output: z.number(), version: '1', cache: true },
  ({ x }) => x * 2,
);
const describe = knot('describe', ({ total }: { total: number }, { logger }) => {
  logger.info('describing', { total });
  return { text: `It is ${total}.`, total, password: 'hunter2' };
});

/** Ends well. */
export const orders = tapestry(
  'orders',
  { description: 'Doubles a number and tells of it.', parameters: { x: z.number().int() } },
  (_t, { x }) => {
    const doubled = double({ x }, { id: 'doubled', summary: 'Twice the number' });
    return { report: describe({ total: doubled }, { id: 'report' }) };
  },
);

const boom = knot('boom', ({ at }: { at: number }): number => {
  throw new RangeError(`${at} is too much, says postgres://app:hunter2@db/x`);
});

/** Fails. */
export const breaks = tapestry('breaks', { parameters: { x: z.number() } }, (_t, { x }) => {
  const broken = boom({ at: double({ x }, { id: 'doubled' }) }, { id: 'broken' });
  return { after: double({ x: broken }, { id: 'after' }) };
});

const measure = knot('measure', ({ word }: { word: string }) => {
  if (word === '') throw new TypeError('There is no word.');
  return word.length;
});

/** Maps over elements that fail, some of which it leaves out. */
export const words = tapestry(
  'words',
  { parameters: { words: z.array(z.string()) } },
  (_t, { words: over }) => {
    const lengths = map({ over, each: measure, bind: 'word', onError: 'skip' }, { id: 'lengths' });
    map({ over, each: measure, bind: 'word' }, { id: 'strict' });
    return { letters: reduce({ of: lengths, fold: (sum, n) => sum + n, initial: 0 }, { id: 'letters' }) };
  },
);

/** Runs another tapestry. */
export const nested = tapestry('nested', { parameters: { x: z.number().int() } }, (_t, { x }) => ({
  inner: subTapestry({ tapestry: orders, inputs: { x } }, { id: 'inner' }),
}));

/** Waits for a signal, and for a day that nobody will see. */
export const asks = tapestry('asks', () => ({
  approval: waitForSignal('approve', z.object({ by: z.string() }), {
    id: 'approval',
    summary: 'Somebody looks at it',
  }),
}));
export const sleeps = tapestry('sleeps', () => {
  const later = waitUntil({ time: new Date('2999-01-01') }, { id: 'later' });
  return { later };
});

const unreachable = knot(
  'unreachable',
  { retry: { maximumAttempts: 5, initialInterval: '1d' } },
  (): string => {
    throw new Error('The database "shop" at db:5432 does not answer.');
  },
);
const train = knot('train', () => 'trained');

/** Waits for its next attempt. The day between them keeps the second one out of what is recorded. */
export const stuck = tapestry('stuck', () => ({ stuck: unreachable({}, { id: 'stuck' }) }));

/** Waits for a worker that nobody starts. */
export const queued = tapestry('queued', () => ({
  trained: train({}, { id: 'trained', dispatcher: queue('gpu') }),
}));

const make = knot('make', ({ partition }: { partition: { key: string } }) => {
  if (partition.key === 'bad') throw new Error('It is bad, says postgres://app:hunter2@db/x');
  return partition.key;
});

/** Has partitions, of which one fails. */
export const daily = tapestry('daily', { partition: list(['a', 'b', 'bad', 'c']) }, (_t, { partition }) => ({
  made: make({ partition }, { id: 'made' }),
}));

export const yearly = schedule(orders, {
  id: 'yearly',
  cron: '0 0 1 1 *',
  timezone: 'Europe/Berlin',
  parameters: { x: 4 },
});
export const incoming = webhook(orders, { path: '/orders', verify: false, map: () => ({ x: 1 }) });

const say = knot('say', ({ text }: { text: string }) => {
  if (text === 'bad') throw new Error('It cannot be said, says postgres://app:hunter2@db/x');
  return text;
});
export const saying = tapestry('saying', { parameters: { text: z.string() } }, (_t, { text }) => ({
  said: say({ text }, { id: 'said' }),
}));

/** Has an element that fails, and tells of one that was lost. */
export const texts = stream(
  async function* (after: number | undefined, { reportGap }) {
    reportGap({
      partition: '',
      after: '1',
      before: '3',
      lost: { amount: 1, unit: 'elements' },
      why: 'the file was deleted',
    });
    for (const [at, value] of ['one', 'bad', 'three'].entries())
      if (after === undefined || at > after) yield { value, offset: at };
  },
  saying,
  { id: 'texts', parameter: 'text', order: 'all', concurrency: 1 },
);

/** Goes on, though it is asked to end, until there is a file. */
const hold = knot('hold', async ({ until }: { until: string }) => {
  while (!existsSync(until)) await delay(50);
  return until;
});
export const holds = tapestry('holds', { parameters: { until: z.string() } }, (_t, { until }) => ({
  held: hold({ until }, { id: 'held', cancelGrace: '1h' }),
}));
