import { z } from 'zod';
import {
  removeEmitter,
  replayEmitter,
  requireEmitter,
  requireFeed,
  skipEmitter,
  type Moved,
} from '../../deliveries';
import { TIME_FORMS } from '../../values/past-time';
import { flagged, instant, list, name, nothing, placeOrTime, time } from '../fields';
import { act } from '../operation';

const emitter = name.describe('name of the emitter');
const events = flagged(list(name).optional().describe('only this event'), {
  flag: 'event',
  placeholder: 'id',
});
const place = z.object({ position: z.string().nullable(), positionAt: instant.nullable() });
/** The old and the new place of an emitter; a `position` of null is the beginning. */
const moved = z.object({ from: place, to: place });

/** Acts on one emitter also throw `UnknownEmitter`, `BackendUnavailable`, and need a history with ordered changes. */
const shared = { group: 'operate', needs: ['changes'], repeat: 'same', at: ['emitter'] } as const;

export const redrive = act({
  ...shared,
  name: 'emitters.redrive',
  summary: 'deliver once more what an emitter gave up',
  description: 'Dead letters are delivered once more, by the process that delivers to the emitter.',
  ask: z.strictObject({ emitter, events }),
  answer: z.object({ redriven: z.int() }),
  examples: [{ emitter: 'to-billing' }],
  async run({ backends }, { emitter, events }) {
    await requireEmitter(backends, emitter);
    const table = requireFeed(backends.runHistory).emitterTableBeside();
    return { redriven: await table.redrive(emitter, events) };
  },
});

export const discard = act({
  ...shared,
  name: 'emitters.discard',
  summary: 'remove what an emitter gave up',
  description: 'Removes dead letters: they are not delivered any more.',
  ask: z.strictObject({ emitter, events }),
  answer: z.object({ discarded: z.int() }),
  examples: [{ emitter: 'to-billing' }],
  async run({ backends }, { emitter, events }) {
    await requireEmitter(backends, emitter);
    const table = requireFeed(backends.runHistory).emitterTableBeside();
    return { discarded: await table.forget(emitter, events) };
  },
});

export const resume = act({
  ...shared,
  name: 'emitters.resume',
  summary: 'let an emitter that fails or is disabled go on now',
  description: 'Continues a disabled emitter, or one that waits after a failure, now and from its position.',
  ask: z.strictObject({ emitter }),
  answer: nothing,
  examples: [{ emitter: 'to-billing' }],
  async run({ backends }, { emitter }) {
    await requireEmitter(backends, emitter);
    await requireFeed(backends.runHistory).emitterTableBeside().resume(emitter);
    return {};
  },
});

export const replay = act({
  ...shared,
  repeat: 'again',
  name: 'emitters.replay',
  summary: 'let an emitter hear again what it has heard',
  description:
    'Delivers to an emitter again what became durable since a time, behind a position, or since the beginning.',
  ask: z.strictObject({
    emitter,
    from: placeOrTime.describe(`${TIME_FORMS}, a position, or beginning`),
  }),
  answer: moved,
  examples: [{ emitter: 'to-billing', from: '2h' }],
  /** @throws SelvageError also `InvalidCursor` */
  run: async ({ backends }, { emitter, from }): Promise<Moved> =>
    await replayEmitter(backends, emitter, from),
});

export const skip = act({
  ...shared,
  name: 'emitters.skip',
  summary: 'let an emitter leave out what it has not heard of',
  description:
    'Leaves out changes that an emitter has not heard of: all that are on record now, older ones, or the next ones.',
  // A second ask skips the changes after the skipped ones.
  repeat: 'again',
  ask: z.strictObject({
    emitter,
    until: time.describe(`only what is older: ${TIME_FORMS}`),
    changes: z.int().min(1).optional().describe('only so many changes'),
  }),
  answer: moved,
  examples: [{ emitter: 'to-billing', until: '1d' }],
  run: async ({ backends }, { emitter, ...what }): Promise<Moved> =>
    await skipEmitter(backends, emitter, what),
});

export const remove = act({
  ...shared,
  name: 'emitters.remove',
  summary: 'forget an emitter that no process has any more',
  description: 'Forgets an emitter that no process has any more, with its position and its dead letters.',
  ask: z.strictObject({ emitter }),
  answer: nothing,
  examples: [{ emitter: 'old-billing' }],
  /** @throws SelvageError also `EmitterInUse` */
  async run({ backends }, { emitter }) {
    await removeEmitter(backends, emitter);
    return {};
  },
});
