import { aggregate, knot, sink, tapestry } from 'selvage';
import { z } from 'zod';

interface Order {
  readonly id: number;
  readonly total: number;
}

/** Stands for a query of one day. */
const loadOrders = knot('load-orders', async ({ day }: { day: string }): Promise<Order[]> =>
  Array.from({ length: Number(day.slice(-2)) }, (_, number) => ({
    id: number + 1,
    total: 10 * (number + 1),
  })),
);
/** Stands for a service that is down now and then: the report goes out without it. */
const loadVisits = knot('load-visits', async ({ day }: { day: string }): Promise<number> => {
  if (day.endsWith('-13')) throw new Error('no answer');
  return 1_000;
});

/**
 * One run a day. Start it by cron, or whatever you have, with the day as the key, so that a day has one run however often it is started:
 *
 *   selvage run pipeline.ts --param day=2026-01-31 --idempotency-key 2026-01-31 --tag nightly
 */
export const nightly = tapestry(
  'nightly',
  // The workflow counts as failed only where no knot takes the failure.
  { parameters: { day: z.iso.date() }, failOn: 'unhandled' },
  (_t, { day }) => {
    const patient = { retry: { maximumAttempts: 5, initialInterval: 200 }, timeout: 60_000 };
    const orders = loadOrders({ day }, { id: 'orders', ...patient });
    const visits = loadVisits({ day }, { id: 'visits', retry: { maximumAttempts: 2, initialInterval: 50 } });
    const report = aggregate(
      {
        inputs: { day, orders, visits },
        receives: 'outcomes',
        combine: ({ day, orders, visits }) => {
          if (orders.kind !== 'ok' || day.kind !== 'ok') throw new Error('there is nothing to report');
          const total = orders.value.reduce((sum, order) => sum + order.total, 0);
          return `${day.value}: ${total} EUR of ${visits.kind === 'ok' ? visits.value : 'unknown'} visits`;
        },
      },
      { id: 'report' },
    );
    // A body runs at least once: what it writes should come to the same when it is written twice.
    const sent = sink({ inputs: { report }, write: ({ report }) => report.length }, { id: 'sent' });
    return { report, sent };
  },
);
