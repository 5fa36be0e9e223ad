import { z } from 'zod';
import { kafkaTrigger, knot, tapestry } from '../../../src';
import { tryEvent } from '../../../src/testing';
import { rejectionOf } from '../../support/rejection-of';

const double = knot('double', ({ x, by }: { x: number; by: number }) => x * by);
const doubling = tapestry(
  'doubling',
  { parameters: { x: z.coerce.number(), by: z.number().default(2) } },
  (_t, { x, by }) => ({ y: double({ x, by }, { id: 'y' }) }),
);
const orders = kafkaTrigger(doubling, {
  id: 'orders',
  topics: ['orders'],
  map: ({ value: given }) => {
    const value = given as { broken?: true; skip?: true; total?: string };
    if (value.broken) throw new TypeError('no total');
    return value.skip ? undefined : { x: value.total as never };
  },
});
const message = (value: unknown): unknown => ({ value });

test('an event is accepted with the parameters of its run, or filtered, or refused with what is wrong', async () => {
  expect(await tryEvent(orders, message({ total: '21' }))).toEqual({
    status: 'accepted',
    parameters: { x: 21, by: 2 },
  });
  expect(await tryEvent(orders, message({ skip: true }))).toEqual({ status: 'filtered' });
  expect(await tryEvent(orders, message({ broken: true }))).toMatchObject({
    status: 'refused',
    error: { code: 'InvalidEvent', details: { reason: 'MapFailed', trigger: 'kafka:orders', key: 'test' } },
  });
  expect(await tryEvent(orders, message({ total: 'many' }))).toMatchObject({
    status: 'refused',
    error: { code: 'InvalidParameters', details: { problems: [{ path: 'x', code: 'WrongValue' }] } },
  });
  expect(await tryEvent(orders, message({ total: 1 }), { key: 'a\nb' })).toMatchObject({
    status: 'refused',
    error: { code: 'InvalidEvent', details: { reason: 'NotRecordable' } },
  });
});

test('another map can stand for the own one, and what starts no runs is told', async () => {
  expect(await tryEvent(orders, 4, { map: (x: number) => ({ x, by: 3 }) })).toMatchObject({
    parameters: { x: 4, by: 3 },
  });
  expect((await rejectionOf(tryEvent({ kind: 'kafka' } as never, 1))).code).toBe('InvalidConfig');
});
