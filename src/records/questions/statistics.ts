import { z } from 'zod';
import type { RunHistory, Statistics, StatisticsGroup } from '../../ports';
import { statistics, statisticsGroup } from '../../ports/statistics';
import { durationOption, type Duration } from '../../values/duration';
import { isOfNode } from './telling-values';

const DAY_MS = 86_400_000;

/** Least number of samples: names with fewer, on either side, are not compared. */
const LEAST_SAMPLES = 50;
/** The 95th percentile of names with fewer samples is not compared, because few knots decide it. */
const LEAST_SAMPLES_FOR_P95 = 200;
/** A name is slower if it takes longer by this factor and by `LONGER_MS`. */
const SLOWER = 1.5;
const LONGER_MS = 10;
/** A name fails more often by this share and by `SIGMAS` standard errors, by chance one in a thousand. */
const MORE_FAIL = 0.01;
const SIGMAS = 3;

export interface StatsOptions {
  /** Default: by definition. */
  readonly by?: StatisticsGroup;
  /** The window in milliseconds since the epoch, without an end at `until`; if omitted, the last 24 hours. */
  readonly since?: number;
  readonly until?: number;
  /** Time before `since` whose figures are compared; default: a week; `false`: no comparison. */
  readonly baseline?: Duration | false;
}

/** A change for the worse, with its figures and how many they are made of. */
export const regression = z.object({
  name: z.string(),
  /** Figures of `failures` are shares between 0 and 1, the others milliseconds. */
  what: z.enum(['p50', 'p95', 'failures']),
  before: z.number(),
  now: z.number(),
  samplesBefore: z.int(),
  samples: z.int(),
});
export type Regression = Readonly<z.output<typeof regression>>;

export const stats = z.object({
  by: statisticsGroup,
  since: z.number(),
  until: z.number(),
  /** Figures by name, those that ran most first. */
  items: z.array(statistics).readonly(),
  /** The time that was compared with; undefined if nothing was compared. */
  baseline: z
    .object({
      since: z.number(),
      until: z.number(),
      regressions: z.array(regression).readonly(),
      /** Names that were not compared, for lack of samples. By definition, functions in place are never compared. */
      tooFewSamples: z.array(z.string()).readonly(),
      /** How many more samples a comparison of each name takes: in the window, and before it. */
      samplesMissing: z.array(z.object({ name: z.string(), now: z.int(), before: z.int() })).readonly(),
      minSamples: z.int(),
    })
    .optional(),
});
export type Stats = Readonly<z.output<typeof stats>>;

/** Figures of recently finished knots, and regressions. */
export async function statsOf(
  history: RunHistory,
  { by = 'definition', since, until, baseline = 7 * DAY_MS }: StatsOptions = {},
): Promise<Stats> {
  const end = until ?? (await history.now()) + 1;
  const start = since ?? end - DAY_MS;
  const figures = await history.statistics({ by, since: start, until: end });
  const items = [...figures].sort((a, b) => b.ran - a.ran || (a.name < b.name ? -1 : 1));
  const figured = { by, since: start, until: end, items };
  if (baseline === false) return figured;
  const window = { since: start - durationOption('baseline', baseline), until: start };
  const before = await history.statistics({ by, ...window });
  // Functions in place share one name, so their figures depend on which of them ran.
  const comparable = items.filter(({ name }) => by !== 'definition' || !isOfNode(name));
  return { ...figured, baseline: { ...window, ...compared(comparable, before), minSamples: LEAST_SAMPLES } };
}

function compared(
  statistics: readonly Statistics[],
  before: readonly Statistics[],
): Pick<NonNullable<Stats['baseline']>, 'regressions' | 'tooFewSamples' | 'samplesMissing'> {
  const earlier = new Map(before.map((one) => [one.name, one]));
  const regressions: Regression[] = [];
  const samplesMissing: { name: string; now: number; before: number }[] = [];
  for (const now of statistics) {
    const then = earlier.get(now.name);
    const [missing, before] = [now.ran, then?.ran ?? 0].map((ran) => Math.max(0, LEAST_SAMPLES - ran));
    if (!then || missing! > 0 || before! > 0)
      samplesMissing.push({ name: now.name, now: missing!, before: before! });
    else regressions.push(...regressionsOf(now, then));
  }
  return { regressions, tooFewSamples: samplesMissing.map(({ name }) => name), samplesMissing };
}

function regressionsOf(now: Statistics, then: Statistics): Regression[] {
  const { name } = now;
  const samples = { samplesBefore: then.ran, samples: now.ran };
  const slower = (['p50', 'p95'] as const).flatMap((what): Regression[] => {
    if (what === 'p95' && Math.min(then.ran, now.ran) < LEAST_SAMPLES_FOR_P95) return [];
    const [was, is] = [then.durationMs![what], now.durationMs![what]];
    return is >= was * SLOWER && is - was >= LONGER_MS
      ? [{ name, what, before: was, now: is, ...samples }]
      : [];
  });
  const [was, is] = [then.failed / then.ran, now.failed / now.ran];
  const all = (then.failed + now.failed) / (then.ran + now.ran);
  const error = Math.sqrt(all * (1 - all) * (1 / then.ran + 1 / now.ran));
  const failsMore = is - was >= MORE_FAIL && is - was >= SIGMAS * error;
  return failsMore ? [...slower, { name, what: 'failures', before: was, now: is, ...samples }] : slower;
}
