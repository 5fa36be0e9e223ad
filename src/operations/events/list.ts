import { z } from 'zod';
import { ledgerEntrySchema, startsRuns, type LedgerEntry } from '../../ports';
import { cursor, limit, name, page } from '../fields';
import { question } from '../operation';

export const list = question({
  name: 'events.list',
  summary: 'which events have started which runs',
  description:
    'Lists events that have started runs, the newest first. It asks no server. An event without a start was cut off in between. It is completed when it is delivered again. Acts over HTTP are on record beside them: name one as trigger, such as act:runs.cancel.',
  group: 'operate',
  ask: z.strictObject({
    trigger: name.optional().describe('only of this trigger, with its kind, such as kafka:orders'),
    pending: z.boolean().default(false).describe('only those whose run has not started yet'),
    limit: limit(1_000, 20),
    cursor,
  }),
  answer: page(
    ledgerEntrySchema.extend({
      event: z.record(z.string(), z.union([z.string(), z.number()])).readonly(),
    }),
  ),
  examples: [{ trigger: 'kafka:orders', pending: true }],
  /** @throws SelvageError `InvalidCursor`, `BackendUnavailable` */
  async run({ backends: { startLedger } }, { pending, ...query }) {
    const asked = { ...query, ...(pending && { started: false }) };
    if (query.trigger !== undefined) return await startLedger.list(asked);
    const items: LedgerEntry[] = [];
    let next = query.cursor;
    do {
      const page = await startLedger.list({ ...asked, cursor: next });
      items.push(...page.items.filter(({ trigger }) => startsRuns(trigger)));
      next = page.cursor;
    } while (items.length === 0 && next !== undefined);
    return { items, cursor: next };
  },
});
