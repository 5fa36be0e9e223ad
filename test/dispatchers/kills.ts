import { neverHit, runCampaign, type CampaignOptions } from '../crash/campaign/campaign';
import { mixNamed } from '../crash/campaign/mix';
import { POINT_NAMES, rulesOf } from '../crash/campaign/points';
import { described } from '../crash/campaign/report';

type Clusters = NonNullable<CampaignOptions['clusters']>;

const SEED = 4;
const KILLS = 5;

/** The crash campaign on a cluster: blows on its machines, and on workers whose knots run there. */
export function describeKills(kind: keyof Clusters, options: () => Clusters[typeof kind]): void {
  test('whatever is killed, of the cluster or of the workers, every run ends as if nothing had been', async () => {
    const points = POINT_NAMES.filter((point) => rulesOf(point).host === kind);
    const result = await runCampaign({
      seed: SEED,
      kills: KILLS,
      concurrency: 2,
      points: [...points, 'after-record'],
      mixes: [mixNamed(kind)],
      clusters: { [kind]: options() },
    });
    expect(result.violations.map(described)).toEqual([]);
    expect([neverHit(result), result.leftOut]).toEqual([[], {}]);
  });
}
