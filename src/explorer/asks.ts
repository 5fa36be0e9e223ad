import { z } from 'zod';
import type { Json } from '../values';
import { OUTCOME_KINDS, RUN_STATUSES } from '../authoring/outcome';
import type { OtherActs, OtherQuestions } from './contract';

const MOST_CHARACTERS = 2_000;
/** Maximum number of knots in one ask. */
const MOST_KNOTS = 10_000;

const text = z.string().max(MOST_CHARACTERS);
const name = text.min(1);
const cursor = text.optional();
const limit = z.int().min(1).max(1_000).optional();
const time = z.iso.datetime({ offset: true }).transform(Date.parse).optional();
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
  runs: z.strictObject({
    tapestry: name.optional(),
    definition: name.optional(),
    outcome: z.enum(OUTCOME_KINDS).optional(),
    status: z.enum(RUN_STATUSES).optional(),
    actor: name.optional(),
    trigger: name.optional(),
    tag: name.optional(),
    partition: name.optional(),
    since: time,
    until: time,
    limit,
    cursor,
  }),
  grid: z.strictObject({ tapestry: name, limit, cursor }),
  run: z.strictObject({ runId: name }),
  waiting: z.strictObject({ runId: name }),
  knot: z.strictObject({ runId: name, knotId: name }),
  elements: z.strictObject({
    runId: name,
    map: name,
    outcome: z.enum(OUTCOME_KINDS).optional(),
    from: z.int().min(0).optional(),
    limit,
    cursor: text.regex(/^\d{1,15}$/).optional(),
  }),
  compare: z.strictObject({ first: name, second: name }),
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
