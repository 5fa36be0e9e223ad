import { neverHit, runCampaign } from './campaign/campaign';
import { MIXES } from './campaign/mix';
import { POINTS, POINT_NAMES } from './campaign/points';
import { described, leftOutLines } from './campaign/report';

/** A safety net: it takes two minutes on two processors that have nothing else to do. */
const LIMIT_MS = 900_000;
/** Those of all stages, which take longest, are left to `npm run crash`. */
const MOST_STAGES = 9;
/**
 * Streams have a test of their own beside this one; with blows in random places they are left to `npm run crash`, too: a dead reader is missed
 * after ten seconds, so that a scenario with six of their blows takes more than a minute.
 */
const points = POINT_NAMES.filter((point) => POINTS[point].at !== 'element');
/** Its first fourteen scenarios have a blow for each point that needs neither cluster nor stream, and three of them are cut short. */
const SEED = 2038;

test(
  'whatever is killed, and wherever: every run ends as if nothing had been, each knot recorded once and no value missing',
  async () => {
    const mixes = MIXES.filter(({ stages, elements }) => stages.length <= MOST_STAGES && !elements);
    const result = await runCampaign({
      seed: SEED,
      kills: 20,
      concurrency: 6,
      mixes,
      points,
      onBegin: (plan) => process.stderr.write(leftOutLines(plan)),
    });
    expect(result.violations.map(described)).toEqual([]);
    expect(neverHit(result)).toEqual([]);
    expect(result.resumed).toBeGreaterThan(0);
  },
  LIMIT_MS,
);
