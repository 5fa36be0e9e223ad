import { z } from 'zod';
import { OUTCOME_KINDS, RUN_STATUSES } from '../authoring/outcome';
import type { OtherQuestions } from './contract';

const MOST_CHARACTERS = 2_000;

const text = z.string().max(MOST_CHARACTERS);
const name = text.min(1);
const cursor = text.optional();
const limit = z.int().min(1).max(1_000).optional();
const time = z.iso.datetime({ offset: true }).transform(Date.parse).optional();

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
  value: z.strictObject({
    hash: name,
    runId: name.optional(),
    path: z
      .array(z.union([text, z.int().min(0)]))
      .max(1_000)
      .optional(),
    from: z.int().min(0).optional(),
    as: z.enum(['json', 'text', 'bytes']).optional(),
  }),
  uses: z.strictObject({ hash: name, cursor }),
  walk: z.strictObject({ hash: name, direction: z.enum(['why', 'impact']), runId: name.optional() }),
  compare: z.strictObject({ first: name, second: name }),
  schedules: z.strictObject({}),
  partitions: z.strictObject({ tapestry: name }),
  triggers: z.strictObject({}),
  deadLetters: z.strictObject({ trigger: name, cursor }),
  workers: z.strictObject({}),
  stats: z.strictObject({ by: z.enum(['definition', 'tapestry']), last: z.enum(['24h', '7d']) }),
  emitters: z.strictObject({}),
  emitterLetters: z.strictObject({ emitter: name, cursor }),
  streams: z.strictObject({}),
  stream: z.strictObject({ stream: name }),
  approvals: z.strictObject({ cursor }),
  find: z.strictObject({ text, limit: z.int().min(1).max(100).optional() }),
} satisfies Record<keyof OtherQuestions, z.ZodType>;
