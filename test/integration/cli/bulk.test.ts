import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { tapestry, waitForSignal } from '../../../src';
import { openBackends } from '../../../src/backends';
import type { RunHandle } from '../../../src/client';
import { beginsCommands, makeCommandProject, runCommand } from '../../support/command-line';
import { closeAll, connectSelvage, onClose, startWorker, unique } from '../../support/open-selvage';
import { sharedServerAddress } from '../../support/temporal-server';
import { until } from '../../support/until';
import { removeProjects } from '../server/projects';

const begin = beginsCommands();
afterEach(closeAll);
afterAll(removeProjects);

const asking = tapestry('asking', () => ({
  approval: waitForSignal('approve', z.object({ by: z.string() }), { id: 'approval' }),
}));

test('Ctrl-C amid many runs ends with 130 and says how to go on, and each run is signalled once', async () => {
  const project = makeCommandProject();
  const backends = await openBackends({
    url: `sqlite:${path.join(project, '.selvage', 'selvage.db')}`,
    environment: {},
  });
  onClose(() => backends.close());
  const selvage = await connectSelvage({ backends });
  await startWorker(selvage, { tapestries: [asking] });
  // No worker yet, so the signal of the second run is under way until there is one.
  const taskQueue = unique('later');
  const runs: RunHandle[] = [];
  for (const where of [{}, { taskQueue }, {}, { taskQueue }]) {
    const run = await selvage.start(asking, {}, where);
    runs.push(run);
    // They come in the order in which they began, or else were started.
    if (!('taskQueue' in where))
      await until('it has begun', () =>
        backends.runHistory.getRun(run.runId).then((record) => record?.status),
      );
  }
  const place = ['--address', sharedServerAddress()];
  const words = ['bulk', 'signal', 'approve', '{"by":"ada"}', '--tapestry', 'asking'];
  const command = begin(project, [...words, '--yes', '--concurrency', '1', ...place]);
  const [, id] = await command.hasWritten(/^This is (bulk-\w+)\.$/m);
  const folder = path.join(project, '.selvage', 'bulk');
  const outcomes = (): string[] => {
    const [file] = readdirSync(folder);
    return readFileSync(path.join(folder, file!), 'utf8').trimEnd().split('\n').slice(1);
  };
  await until('the first run is done', () => outcomes().length === 1);
  command.signal('SIGINT');
  await command.hasWritten(/^Stopping as soon as/m);
  await startWorker(selvage, { tapestries: [asking], taskQueue });
  const { code, stdout } = await command.finished;
  expect({ code, stdout }).toEqual({ code: 130, stdout: expect.stringContaining('2 of 4 runs signalled') });
  const [, goOn] = /^To go on: (?:npx )?selvage (.*)$/m.exec(stdout)!;
  expect(goOn).toContain(`bulk continue ${id!}`);

  expect(await runCommand(project, goOn!.split(' '))).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('4 of 4 runs signalled.') as string,
  });
  expect(outcomes()).toHaveLength(4);
  for (const run of runs) {
    expect(await run.values()).toEqual({ approval: { by: 'ada' } });
    const { events } = await selvage.client.workflow.getHandle(run.runId).fetchHistory();
    const accepted = events!.filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes);
    expect(accepted).toHaveLength(1);
  }
});
