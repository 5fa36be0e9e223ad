import { runLocally } from '../../../src';
import { backfillTapestry } from '../../../src/backfills';

test.each(['The table is locked.', 'The table is locked'])(
  'the error of a backfill ends the reason with one full stop: %s',
  async (reason) => {
    const backfill = backfillTapestry({
      list: async () => [{ key: 'a', n: 1, since: 0 }],
      make: async ({ key }) => ({ key, state: 'failed', reason }),
    });
    const request = {
      tapestry: 'daily',
      only: ['missing' as const],
      order: 'forward' as const,
      parameters: {},
    };
    const { lineage } = await runLocally(backfill, { request });
    const message = 'a (failed): The table is locked. The value of knot "report"';
    expect(lineage.find(({ knot_id }) => knot_id === 'complete')?.extra).toMatchObject({
      error: { message: expect.stringContaining(message) as string },
    });
  },
);
