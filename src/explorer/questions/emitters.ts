import { readEmitters, requireEmitter, requireFeed } from '../../deliveries';
import type { EmitterLettersAnswer, EmitterView, Questions } from '../contract';
import type { ExplorerData } from '../data';

const LETTERS = 50;

export async function emitters({ backends }: ExplorerData): Promise<{ items: EmitterView[] }> {
  const reports = await readEmitters(backends);
  return {
    items: reports.map((report): EmitterView => {
      const { name, state, lag, delivered, failures, deadLetters, redriven } = report;
      return {
        name,
        state,
        deliveredBy: report.deliveredBy ?? undefined,
        lag: { ...lag, since: lag.since ?? undefined },
        delivered,
        deliveredAt: report.deliveredAt ?? undefined,
        failures,
        failingSince: report.failingSince ?? undefined,
        lastError: report.lastError ?? undefined,
        disabledReason: report.disabledReason ?? undefined,
        deadLetters,
        redriven,
      };
    }),
  };
}

export async function emitterLetters(
  { backends }: ExplorerData,
  { emitter, cursor }: Questions['emitterLetters']['ask'],
): Promise<EmitterLettersAnswer> {
  await requireEmitter(backends, emitter);
  const table = requireFeed(backends.runHistory).emitterTableBeside();
  const page = await table.deadLetters(emitter, { limit: LETTERS, ...(cursor !== undefined && { cursor }) });
  return {
    items: page.items.map(({ eventId, change, reason, at, redrivenAt }) => ({
      eventId,
      runId: change.run_id,
      knotId: change.knot_id,
      reason,
      at,
      redriven: redrivenAt !== null,
    })),
    cursor: page.cursor,
  };
}
