import { z } from 'zod';
import { preview as previewOf } from '../../connection/schedules/preview';
import { ruleWords, timeWords } from '../../connection/schedules/schedule-words';
import { rulesOfCron } from '../../triggers';
import { TIME_FORMS } from '../../values/past-time';
import { instant, limit, list, name, text, time } from '../fields';
import { question } from '../operation';

export const preview = question({
  name: 'schedules.preview',
  summary: 'a cron expression in words, with its next times',
  description:
    'Says a cron expression in words, its next times, and what changes of the clock do to them within two years. It asks no server.',
  group: 'see',
  needs: [],
  ask: z.strictObject({
    cron: text.describe('five fields, or @daily and the like'),
    timezone: name.default('UTC').describe('such as Europe/Berlin'),
    limit: limit(1_000, 10).describe('how many times'),
    from: time.describe(`times after this one (default: now): ${TIME_FORMS}`),
  }),
  answer: z.object({
    cron: z.string(),
    timezone: z.string(),
    words: z.string(),
    times: list(z.object({ at: instant, words: z.string() })),
    clockChanges: list(
      z.object({
        kind: z.enum(['skipped', 'twice']),
        /** The clock time that is skipped, or shown twice. */
        clock: z.string(),
        changeAt: instant,
        /** The instants at which clocks show this time. */
        at: list(instant),
      }),
    ),
  }),
  at: ['cron'],
  examples: [{ cron: '30 2 * * *', timezone: 'Europe/Berlin' }],
  /** @throws SelvageError `InvalidConfig` */
  run(_, { cron, ...options }) {
    const { timezone } = options;
    const { times, clockChanges } = previewOf(cron, options);
    return {
      cron,
      timezone,
      words: ruleWords(rulesOfCron(cron)),
      times: times.map((at) => ({ at, words: timeWords(at, timezone) })),
      clockChanges: clockChanges.map(({ kind, clock, change, instants }) => ({
        kind,
        // Without zero seconds.
        clock: clock.replace('T', ' ').replace(/:00$/, ''),
        changeAt: change.at,
        at: instants,
      })),
    };
  },
});
