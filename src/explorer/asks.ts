import { z } from 'zod';
import type { Json } from '../values';
import type { OtherActs, OtherQuestions } from './contract';

const MOST_CHARACTERS = 2_000;
/** Maximum number of knots in one ask. */
const MOST_KNOTS = 10_000;

const text = z.string().max(MOST_CHARACTERS);
const name = text.min(1);
const cursor = text.optional();
const json = z.json() as z.ZodType<Json>;

const rerun = z.strictObject({ runId: name, from: z.array(name).max(MOST_KNOTS).optional() });
const backfill = z.strictObject({
  tapestry: name,
  from: name.optional(),
  to: name.optional(),
  states: z.array(name).max(10).optional(),
});

/** The schema of each ask; everything else is refused. */
export const QUESTIONS = {
  about: z.strictObject({}),
  schedules: z.strictObject({}),
  partitions: z.strictObject({ tapestry: name }),
  triggers: z.strictObject({}),
  deadLetters: z.strictObject({ trigger: name, cursor }),
  workers: z.strictObject({}),
  emitters: z.strictObject({}),
  emitterLetters: z.strictObject({ emitter: name, cursor }),
  streams: z.strictObject({}),
  stream: z.strictObject({ stream: name }),
  rerunPreview: rerun,
  backfillPreview: backfill,
} satisfies Record<keyof OtherQuestions, z.ZodType>;

export const ACTS = {
  start: z.strictObject({
    tapestry: name,
    parameters: json,
    runId: name.optional(),
    tags: z.array(name).max(100).optional(),
  }),
  signal: z.strictObject({ runId: name, signal: name, payload: json }),
  cancel: z.strictObject({ runId: name }),
  terminate: z.strictObject({ runId: name, reason: text.optional() }),
  resume: rerun,
  schedule: z.strictObject({ id: name, action: z.enum(['pause', 'resume', 'trigger']) }),
  backfill,
  emitter: z.strictObject({ name, action: z.enum(['redrive', 'resume', 'replay']) }),
  stream: z.strictObject({ id: name, action: z.enum(['pause', 'resume', 'drain']) }),
} satisfies Record<keyof OtherActs, z.ZodType>;
