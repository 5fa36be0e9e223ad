import { z } from 'zod';
import type { OtherQuestions } from './contract';

const MOST_CHARACTERS = 2_000;

const text = z.string().max(MOST_CHARACTERS);
const name = text.min(1);
const cursor = text.optional();

/** The schema of each ask; everything else is refused. */
export const QUESTIONS = {
  schedules: z.strictObject({}),
  partitions: z.strictObject({ tapestry: name }),
  triggers: z.strictObject({}),
  deadLetters: z.strictObject({ trigger: name, cursor }),
  workers: z.strictObject({}),
  emitters: z.strictObject({}),
  emitterLetters: z.strictObject({ emitter: name, cursor }),
  streams: z.strictObject({}),
  stream: z.strictObject({ stream: name }),
} satisfies Record<keyof OtherQuestions, z.ZodType>;
