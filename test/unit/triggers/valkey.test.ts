import { z } from 'zod';
import { knot, tapestry, valkeyTrigger } from '../../../src';
import type { ValkeyTriggerOptions } from '../../../src/triggers';
import { refusal } from '../../support/refusal';
import { thrownBy } from '../../support/thrown-by';

const double = knot('double', ({ x }: { x: number }) => x * 2);
const doubled = tapestry('doubled', (t) => ({
  y: double({ x: t.parameter('x', z.number()) }, { id: 'd' }),
}));

const declare = (options: unknown): unknown =>
  valkeyTrigger(doubled, options as ValkeyTriggerOptions<{ x: number }>);

test('a stream has its defaults', () => {
  expect(valkeyTrigger(doubled, { id: 'orders', stream: 's' })).toMatchObject({
    kind: 'valkey',
    id: 'orders',
    tapestry: doubled,
    options: {
      source: 'stream',
      stream: 's',
      group: 'orders',
      from: 'earliest',
      field: 'data',
      format: 'json',
      window: 100,
      claimAfterMs: 60_000,
      deadLetters: 's.dead-letters',
      connection: 'SELVAGE_VALKEY',
    },
  });
});

test('a channel has its defaults', () => {
  expect(valkeyTrigger(doubled, { id: 'ticks', channel: { pattern: 'ticks.*' }, key: 'each' })).toMatchObject(
    { options: { source: 'channel', channel: 'ticks.*', isPattern: true, backlog: 1_000 } },
  );
});

test('a schema stays the object that it is', () => {
  const format = z.object({ x: z.number() });
  expect(valkeyTrigger(doubled, { id: 'a', stream: 's', format }).options.format).toBe(format);
});

test.each([
  ['no options', undefined, 'must be an object'],
  ['neither stream nor channel', { id: 'a' }, '"stream" of valkey:a cannot be used: it is missing'],
  ['both', { id: 'a', stream: 's', channel: 'c', key: 'each' }, 'does not go with "stream"'],
  ['a channel without a key', { id: 'a', channel: 'c' }, 'each process that listens hears each message'],
  ['an unknown option', { id: 'a', stream: 's', grup: 'g' }, 'is no option'],
  ['an option of the other kind', { id: 'a', stream: 's', backlog: 1 }, 'is no option'],
  ['a window of none', { id: 'a', stream: 's', window: 0 }, 'a whole number from 1 to 10000'],
  ['a short time to claim', { id: 'a', stream: 's', claimAfter: 10 }, 'a duration of 1 second or more'],
  ['dead letters in the stream itself', { id: 'a', stream: 's', deadLetters: 's' }, 'reads itself'],
  ['a format that is none', { id: 'a', stream: 's', format: 'xml' }, '"json", "text", "bytes" or a schema'],
  ['a URL for a variable', { id: 'a', stream: 's', connection: 'valkey://h' }, 'environment variable'],
  ['a key that is none', { id: 'a', stream: 's', key: 'id' }, '{ field }'],
])('%s: refused, and named', (_, options, said) => {
  expect(thrownBy(() => declare(options))).toMatchObject(refusal('InvalidConfig', said));
});

test('an id that is no name, and what is no tapestry', () => {
  expect(thrownBy(() => declare({ id: '1 2', stream: 's' }))).toMatchObject({ code: 'InvalidName' });
  expect(thrownBy(() => valkeyTrigger({} as typeof doubled, { id: 'a', stream: 's' }))).toMatchObject(
    refusal('InvalidConfig', 'starts runs of a tapestry'),
  );
});
