import { neverHit, runCampaign } from './campaign/campaign';
import { described } from './campaign/report';

/** A safety net: it takes about a minute on two processors that have nothing else to do. */
const LIMIT_MS = 900_000;

test(
  'whatever is killed, and wherever: every run ends as if nothing had been, each knot recorded once and no value missing',
  async () => {
    const result = await runCampaign({ seed: 1, kills: 20, concurrency: 8 });
    expect(result.violations.map(described)).toEqual([]);
    expect(neverHit(result)).toEqual([]);
  },
  LIMIT_MS,
);
