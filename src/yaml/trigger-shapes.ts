import type { z as Zod, ZodType } from 'zod';
import { KAFKA_CHECKS } from '../triggers/kafka';
import { SCHEDULE_CHECKS } from '../triggers/schedule';
import { VALKEY_CHECKS } from '../triggers/valkey';
import type { BasicShapes } from './basic-shapes';
import type { OptionShapes } from './option-shapes';

/** Schedules, and triggers by their `type`. */
interface TriggerShapes {
  readonly schedule: ZodType;
  readonly triggers: Readonly<Record<string, ZodType>>;
}

export function triggerShapes(
  z: typeof Zod,
  { callable, oneOrMore }: BasicShapes,
  options: OptionShapes,
): TriggerShapes {
  const flag = z.boolean();
  const parameters = z.record(z.string(), z.unknown());
  const calendar = z.record(z.string(), z.unknown());
  const schedule = z.strictObject({
    ...options.fields(SCHEDULE_CHECKS),
    id: z.string().min(1),
    cron: oneOrMore(z.string(), 'a cron expression such as 0 2 * * *, or a list of them').optional(),
    calendar: oneOrMore(calendar, 'a map of calendar fields, or a list of them').optional(),
    parameters: parameters.optional(),
  });
  const secret = z.union(
    [z.strictObject({ env: z.string().min(1) }), z.array(z.strictObject({ env: z.string().min(1) })).min(1)],
    {
      error: '{ env: NAME }, the environment variable that has the secret',
    },
  );
  const verify = z.union(
    [
      z.literal(false),
      z.string().min(1),
      z.strictObject({ github: z.strictObject({ secret }) }),
      z.strictObject({ bearer: z.strictObject({ token: secret }) }),
      z.strictObject({ standardWebhooks: z.strictObject({ secret }) }),
    ],
    {
      error:
        'false, a callable, or one of github, bearer and standardWebhooks with a secret such as { env: NAME }',
    },
  );
  const limits = z.record(z.string(), z.unknown()).optional();
  const webhookFields = {
    id: z.string().optional(),
    path: z.string().min(1),
    verify,
    body: z.enum(['json', 'text', 'bytes', 'form']).optional(),
    limits,
    map: callable('Makes the parameters of the event').optional(),
  };
  const triggers: Record<string, ZodType> = {
    cron: z.strictObject({
      type: z.literal('cron'),
      id: z.string().optional(),
      everySeconds: z.number(),
      parameters: parameters.optional(),
    }),
    webhook: z.strictObject({ type: z.literal('webhook'), ...webhookFields, outputs: flag.optional() }),
    webhookSignal: z.strictObject({
      type: z.literal('webhookSignal'),
      signal: z.string().min(1),
      ...webhookFields,
      run: callable('Answers the id of the run').optional(),
    }),
    kafka: z.strictObject({
      type: z.literal('kafka'),
      ...options.fields(KAFKA_CHECKS),
      id: z.string().min(1),
      topics: oneOrMore(z.string(), 'the name of a topic, or a list of names'),
      map: callable('Makes the parameters of a message').optional(),
    }),
    valkey: z.strictObject({
      type: z.literal('valkey'),
      ...options.fields(VALKEY_CHECKS),
      id: z.string().min(1),
      field: z.union([z.string(), z.literal(false)]).optional(),
      channel: z.union([z.string(), z.strictObject({ pattern: z.string() })]).optional(),
      key: z
        .union([z.strictObject({ field: z.string() }), z.string().min(1)], {
          error: 'each, a callable, or { field: NAME }',
        })
        .optional(),
      sequence: callable('Answers the number of a message').optional(),
      map: callable('Makes the parameters of an entry').optional(),
    }),
  };
  return { schedule, triggers };
}
