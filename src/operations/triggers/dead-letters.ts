import { z } from 'zod';
import { cursor, instant, name, page } from '../fields';
import { question } from '../operation';

const PAGE = 100;
/** Least age of a dead letter: a more recently claimed event is about to be started. */
const STARTING_MS = 60_000;

const pendingEvents = page(
  z.object({
    key: z.string(),
    at: instant,
    reason: z.string(),
    link: z.record(z.string(), z.union([z.string(), z.number()])).readonly(),
  }),
);

export const deadLetters = question({
  name: 'triggers.deadLetters',
  summary: 'events of a trigger that were claimed and have started no run yet',
  description: 'Dead letters of a broker are in the topic or stream that its trigger names.',
  group: 'see',
  ask: z.strictObject({ trigger: name.describe('name of the trigger'), cursor }),
  answer: pendingEvents,
  at: ['trigger'],
  examples: [{ trigger: 'webhook:orders' }],
  /** @throws SelvageError `InvalidCursor`, `BackendUnavailable` */
  async run({ backends: { startLedger, runHistory } }, { trigger, cursor: after }) {
    const claims = await startLedger.list({ trigger, started: false, limit: PAGE, cursor: after });
    const now = await runHistory.now();
    return {
      items: claims.items.map(({ key, claimedAt, runId, event }) => ({
        key,
        at: claimedAt,
        reason:
          now - claimedAt < STARTING_MS
            ? `Run "${runId}" is being started.`
            : `Claimed for run "${runId}", but no start of this run was reported. The next delivery of the event starts it.`,
        link: event,
      })),
      cursor: claims.cursor,
    };
  },
});
