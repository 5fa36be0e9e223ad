import { z } from 'zod';

import { knot, tapestry } from '../../../src';
import { EmbeddedServer } from '../../../src/server';
import { hasPartitionedTasks } from '../../../src/server/partitioned-tasks';
import { serverFolder } from '../../../src/server/server-folder';
import { closeAll, connectSelvage, openSelvage, temporaryBackends, unique } from '../../support/open-selvage';
import { withDynamicConfig } from '../../support/temporal-server';
import { makeProject, removeProjects } from './projects';

const RUNS = 40;

const double = knot('double', ({ x }: { x: number }) => x * 2);
const doubled = tapestry('doubled', (t) => ({
  answer: double({ x: t.parameter('x', z.number()) }, { id: 'answer' }),
}));

afterEach(closeAll);
afterAll(removeProjects);

test('tasks that an earlier server has put into partitions of a task queue are worked on by this one', async () => {
  const projectDir = makeProject();
  const backends = await temporaryBackends();
  const taskQueue = unique('partitioned');
  const before = await withDynamicConfig(
    ['matching.numTaskqueueReadPartitions=4', 'matching.numTaskqueueWritePartitions=4'],
    projectDir,
    () => EmbeddedServer.acquire({ projectDir }),
  );
  const client = await connectSelvage({ address: before.address, backends, taskQueue });
  for (let x = 0; x < RUNS; x++) await client.start(doubled, { x }, { runId: `${taskQueue}-${x}` });
  await client.close();
  await before.release({ wait: true });
  expect(hasPartitionedTasks(serverFolder(projectDir).database)).toBe(true);

  const after = await EmbeddedServer.acquire({ projectDir });
  try {
    const selvage = await openSelvage({ address: after.address, backends, taskQueue, tapestries: [doubled] });
    const answers = await Promise.all(
      Array.from({ length: RUNS }, async (_, x) => {
        const { answer } = await selvage.getRun(`${taskQueue}-${x}`).values();
        return answer;
      }),
    );
    expect(answers).toEqual(answers.map((_, x) => x * 2));
    await selvage.close();
  } finally {
    await after.release({ wait: true });
  }
});
