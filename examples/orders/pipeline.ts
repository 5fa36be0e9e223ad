import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bearer, firstOk, gate, kafkaTrigger, knot, tapestry, waitForSignal, webhookSignal } from 'selvage';
import { z } from 'zod';

const order = z.object({
  id: z.string().regex(/^[A-Za-z0-9-]{1,40}$/),
  customer: z.string().min(1),
  lines: z
    .array(
      z.object({
        article: z.string(),
        pieces: z.number().int().positive(),
        cents: z.number().int().nonnegative(),
      }),
    )
    .min(1),
});
type Order = z.infer<typeof order>;

const decision = z.object({ by: z.string(), accepted: z.boolean() });

/** From here on somebody has to approve. */
const LARGE_CENTS = 500_00;

const total = knot('total', { output: z.number().int() }, ({ order }: { order: Order }) =>
  order.lines.reduce((sum, { pieces, cents }) => sum + pieces * cents, 0),
);

const ask = knot('ask', ({ order, cents }: { order: Order; cents: number }, { logger, runId }) => {
  logger.info(`order ${order.id} of ${euros(cents)} waits for an approval`, { run: runId });
  return order.id;
});

const acceptSmall = knot('accept-small', { output: decision }, (_: { cents: number }) => ({
  by: 'the rule for small orders',
  accepted: true,
}));

const report = knot(
  'report',
  async ({
    order,
    cents,
    decided,
    out,
  }: {
    order: Order;
    cents: number;
    decided: z.infer<typeof decision>;
    out: string;
  }) => {
    const file = path.resolve(out, `${order.id}.md`);
    await mkdir(path.dirname(file), { recursive: true });
    // The same text at each attempt: to write it twice is to write it once.
    await writeFile(
      file,
      [
        `# Order ${order.id} of ${order.customer}`,
        '',
        ...order.lines.map(({ article, pieces, cents }) => `- ${pieces} × ${article}, ${euros(cents)} each`),
        '',
        `${euros(cents)}, ${decided.accepted ? 'accepted' : 'declined'} by ${decided.by}.`,
        '',
      ].join('\n'),
    );
    return file;
  },
);

export const orders = tapestry(
  'orders',
  { parameters: { order, out: z.string().default('out') } },
  (_t, { order, out }) => {
    const cents = total({ order }, { id: 'total' });
    const large = gate({ input: cents, predicate: (sum) => sum >= LARGE_CENTS }, { id: 'large' });
    const small = gate({ input: cents, predicate: (sum) => sum < LARGE_CENTS }, { id: 'small' });
    const asked = ask({ order, cents: large }, { id: 'asked' });
    const approval = waitForSignal('approval', decision, {
      id: 'approval',
      after: [asked],
      timeout: 7 * 86_400_000,
    });
    const decided = firstOk(
      { of: [approval, acceptSmall({ cents: small }, { id: 'rule' })] },
      { id: 'decided' },
    );
    return { report: report({ order, cents, decided, out }, { id: 'report' }) };
  },
);

/** A message on the topic `orders` starts a run, once for each order: the producer sends its number as the header `id`. */
export const incoming = kafkaTrigger(orders, {
  id: 'orders',
  topics: 'orders',
  format: order,
  key: { header: 'id' },
  map: ({ value }) => ({ order: value, out: process.env.ORDERS_OUT ?? 'out' }),
});

/** The shop's back office answers here: `{ "run": "…", "by": "ada", "accepted": true }`. */
export const approvals = webhookSignal('approval', {
  path: '/approvals',
  verify: bearer({ token: { env: 'APPROVALS_TOKEN' } }),
  run: ({ body }) => z.object({ run: z.string() }).parse(body).run,
  map: ({ body }) => decision.parse(body),
});

function euros(cents: number): string {
  return `${(cents / 100).toFixed(2)} EUR`;
}
