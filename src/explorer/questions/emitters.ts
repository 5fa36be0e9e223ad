import { readEmitters, requireEmitter, requireFeed } from '../../deliveries';
import type { EmitterLettersAnswer, Questions } from '../contract';
import type { ProjectData } from '../../operations/surroundings';

const LETTERS = 50;

export async function emitters({ backends }: ProjectData): Promise<Questions['emitters']['answer']> {
  return { items: await readEmitters(backends) };
}

export async function emitterLetters(
  { backends }: ProjectData,
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
