import { z } from 'zod';
import { name, nothing } from '../fields';
import { act, type Act } from '../operation';

const ask = z.strictObject({ stream: name.describe('id of the stream') });

function streamAct<Verb extends 'pause' | 'resume' | 'drain'>(
  verb: Verb,
  summary: string,
  description: string,
): Act<`streams.${Verb}`, typeof ask, typeof nothing> {
  return act({
    name: `streams.${verb}`,
    summary,
    description,
    group: 'operate',
    needs: ['server'],
    ask,
    repeat: 'same',
    answer: nothing,
    at: ['stream'],
    examples: [{ stream: 'orders' }],
    /** @throws SelvageError `UnknownStream`, `ServerUnreachable` */
    async run({ reach }, { stream }) {
      await reach.do(({ streams }) => streams[verb](stream));
      return {};
    },
  });
}

export const pause = streamAct(
  'pause',
  'make a stream read nothing until it is resumed',
  'Reads nothing more until it is resumed. Elements that were read are still worked on.',
);
export const resume = streamAct('resume', 'let a paused stream go on', 'Reads on.');
export const drain = streamAct(
  'drain',
  'end a stream when what was read is finished',
  'Ends a stream: nothing more is read, and when what was read is finished, its processes end. Started again, it goes on from there.',
);
