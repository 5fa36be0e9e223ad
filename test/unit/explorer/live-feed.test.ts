import path from 'node:path';
import { openBackends } from '../../../src/backends';
import type { SqliteRunHistory } from '../../../src/adapters/sqlite';
import { LiveFeed } from '../../../src/operations/live-feed';
import { Plans } from '../../../src/operations/plans';
import { sampleLineage } from '../../../src/testing/sample-records';
import { closeAll, onClose, temporaryFolder } from '../../support/open-selvage';

afterEach(closeAll);

test('who listens is told to ask again when the history was put back to an older state, and hears what comes then', async () => {
  const folder = await temporaryFolder();
  const backends = await openBackends({
    projectDir: folder,
    environment: {},
    history: `sqlite:${path.join(folder, 'history.db')}`,
  });
  onClose(() => backends.close());
  const history = backends.runHistory as SqliteRunHistory;
  const feed = new LiveFeed(history, backends, new Plans(backends));
  onClose(() => Promise.resolve(feed.close()));
  const heard: string[] = [];
  let wake = (): void => {};
  await feed.listen(undefined, {
    tell: ({ events }) => {
      heard.push(...events.map(({ knotId }) => String(knotId)));
      wake();
    },
    skipped: () => {
      heard.push('behind');
      wake();
    },
  });
  const hears = async (what: string): Promise<void> => {
    while (!heard.includes(what)) await new Promise<void>((resolve) => (wake = resolve));
  };
  await history.commit([sampleLineage({ knot_id: 'lost', finished_at: 1 })]);
  await hears('lost');
  await history.database.write((db) =>
    db.updateTable('selvage_lineage').set({ knot_id: 'other', finished_at: 2 }).execute(),
  );
  await history.commit([sampleLineage({ knot_id: 'later', finished_at: 3 })]);
  await hears('behind');
  await history.commit([sampleLineage({ knot_id: 'last', finished_at: 4 })]);
  await hears('last');
});
