import { z } from 'zod';
import { replayEmitter, requireEmitter, requireFeed } from '../../deliveries';
import type { Backends } from '../../ports';
import { name, nothing } from '../fields';
import { act, type Act } from '../operation';

const ask = z.strictObject({ emitter: name.describe('name of the emitter') });

/** An act on one emitter. */
function emitterAct<Verb extends string>(
  verb: Verb,
  summary: string,
  carryOut: (backends: Backends, emitter: string) => Promise<unknown>,
): Act<`emitters.${Verb}`, typeof ask, typeof nothing> {
  return act({
    name: `emitters.${verb}`,
    summary,
    group: 'operate',
    ask,
    repeat: 'same',
    answer: nothing,
    at: ['emitter'],
    examples: [{ emitter: 'to-billing' }],
    /** @throws SelvageError `UnknownEmitter`, `BackendUnavailable`, and if the run history has no order of changes */
    async run({ backends }, { emitter }) {
      await requireEmitter(backends, emitter);
      await carryOut(backends, emitter);
      return {};
    },
  });
}

export const redrive = emitterAct(
  'redrive',
  'deliver once more what an emitter gave up',
  ({ runHistory }, emitter) => requireFeed(runHistory).emitterTableBeside().redrive(emitter),
);

export const resume = emitterAct(
  'resume',
  'let an emitter that fails or is disabled go on now',
  ({ runHistory }, emitter) => requireFeed(runHistory).emitterTableBeside().resume(emitter),
);

export const replay = emitterAct(
  'replay',
  'let an emitter hear all again, from the beginning',
  (backends, emitter) => replayEmitter(backends, emitter, 'beginning'),
);
