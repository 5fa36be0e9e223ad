import { z } from 'zod';

import { kafkaTrigger, knot, tapestry } from '../../../src';
import { chosenTopics, deadLettersOf, isTrigger, requireOwnGroups, triggerName } from '../../../src/triggers';
import { thrownBy } from '../../support/thrown-by';

const echo = knot('echo', ({ order }: { order: { id: string } }) => order.id);
const orders = tapestry(
  'orders',
  { parameters: { order: z.object({ id: z.string() }) } },
  (_t, { order }) => ({
    echo: echo({ order }, { id: 'echo' }),
  }),
);

const none = (): null => null;

describe('kafkaTrigger', () => {
  test('declares with defaults', () => {
    const declared = kafkaTrigger(orders, { id: 'orders', topics: 'orders' });
    expect(isTrigger(declared)).toBe(true);
    expect(triggerName(declared)).toBe('kafka:orders');
    expect(declared.tapestry).toBe(orders);
    expect(declared.options).toEqual({
      topics: ['orders'],
      group: 'orders',
      format: 'json',
      from: 'earliest',
      window: 100,
      connection: 'SELVAGE_KAFKA',
    });
  });

  test('takes options that a class has made, and no undefined ones', () => {
    class Options {
      id = 'orders';
      topics = 'orders';
      group = undefined;
    }
    const options = new Options();
    const declared = kafkaTrigger(orders, options as { id: string; topics: string });
    expect(declared.options).toMatchObject({ group: 'orders', window: 100 });
    options.id = 'other';
    expect(declared.id).toBe('orders');
  });

  test('types what `map` gets by the format, and what it answers by the tapestry', () => {
    const schema = z.object({ number: z.number() });
    kafkaTrigger(orders, {
      id: 'a',
      topics: /^orders/,
      format: schema,
      map: ({ value, headers }) => ({ order: { id: `${value.number.toFixed()}${headers['x']}` } }),
    });
    kafkaTrigger(orders, {
      id: 'b',
      topics: ['x'],
      format: 'text',
      batch: { maxSize: 10 },
      map: (messages) => ({ order: { id: messages.map(({ value }) => value?.toUpperCase()).join() } }),
    });
    // @ts-expect-error -- an id is a text
    kafkaTrigger(orders, {
      id: 'c',
      topics: ['x'],
      map: ({ offset }) => ({ order: { id: offset } }),
    });
  });

  test.each([
    ['no topics', {}, 'topics', 'MissingPart'],
    ['an empty list', { topics: [] }, 'topics', 'MissingPart'],
    ['a name that no topic can have', { topics: ['a b'] }, 'topics', 'WrongValue'],
    ['a number', { topics: 1 }, 'topics', 'WrongValue'],
    ['a misspelt option', { topics: 'x', gruop: 'g' }, 'gruop', 'UnknownOption'],
    ['an unknown format', { topics: 'x', format: 'xml' }, 'format', 'WrongValue'],
    ['an unknown beginning', { topics: 'x', from: 'middle' }, 'from', 'WrongValue'],
    ['a window of nothing', { topics: 'x', window: 0 }, 'window', 'WrongValue'],
    ['a key without a header', { topics: 'x', key: {} }, 'key', 'WrongValue'],
    ['a batch of nothing', { topics: 'x', batch: { maxSize: 0 }, map: none }, 'batch', 'WrongValue'],
    ['a batch without map', { topics: 'x', batch: { maxSize: 2 } }, 'map', 'MissingPart'],
    [
      'a batch with keys',
      { topics: 'x', batch: { maxSize: 2 }, key: { header: 'h' }, map: none },
      'key',
      'Conflict',
    ],
    ['a map that is none', { topics: 'x', map: 'y' }, 'map', 'WrongValue'],
    ['its own dead letters', { topics: ['x', 'y'], deadLetters: 'y' }, 'deadLetters', 'Conflict'],
    ['a connection that is no variable', { topics: 'x', connection: 'a-b' }, 'connection', 'WrongValue'],
  ])('refuses %s', (_what, options, option, reason) => {
    const error = thrownBy(() => kafkaTrigger(orders, { id: 'orders', ...options } as never));
    expect(error).toMatchObject({ code: 'InvalidConfig', details: { option, reason } });
    expect(error).toHaveProperty('message', expect.stringContaining('kafka:orders'));
  });

  test('refuses what is no tapestry, and an id that cannot name it', () => {
    expect(thrownBy(() => kafkaTrigger({} as never, { id: 'x', topics: 'x' }))).toHaveProperty(
      'code',
      'InvalidConfig',
    );
    expect(thrownBy(() => kafkaTrigger(orders, { id: 'a b', topics: 'x' }))).toHaveProperty(
      'code',
      'InvalidName',
    );
  });

  test('two with one group are refused, on one cluster', () => {
    const [one, other] = ['one', 'other'].map((id) => kafkaTrigger(orders, { id, topics: 'x', group: 'g' }));
    const error = thrownBy(() => requireOwnGroups([one!, other!]));
    expect(error).toMatchObject({
      code: 'InvalidConfig',
      details: { triggers: ['kafka:one', 'kafka:other'] },
    });
    const elsewhere = kafkaTrigger(orders, {
      id: 'other',
      topics: 'x',
      group: 'g',
      connection: 'OTHER_KAFKA',
    });
    expect(requireOwnGroups([one!, one!, elsewhere])).toBeUndefined();
  });

  test('a pattern matches no topic of Kafka itself, and no dead letters; a name matches itself', () => {
    const existing = ['__consumer_offsets', 'orders', 'orders.dead-letters', 'orders.eu', 'rest'];
    const { options } = kafkaTrigger(orders, { id: 'x', topics: [/orders|offsets/g, 'rest'] });
    expect(chosenTopics(options, existing)).toEqual(['orders', 'orders.eu', 'rest']);
    expect(chosenTopics(options, existing)).toEqual(['orders', 'orders.eu', 'rest']);
    expect(deadLettersOf(options, 'orders.eu')).toBe('orders.eu.dead-letters');
    const named = kafkaTrigger(orders, { id: 'y', topics: /orders/, deadLetters: 'orders.eu' });
    expect(chosenTopics(named.options, existing)).toEqual(['orders', 'orders.dead-letters']);
  });
});
