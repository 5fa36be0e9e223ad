import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Runtime } from '@temporalio/worker';
import type { Selvage } from '../../src/client';
import { historyOf, scheduledActivities } from '../support/history';
import { closeAll, connectSelvage, onClose, temporaryFolder } from '../support/open-selvage';
import { until } from '../support/until';
import { SHORT_HEARTBEAT_TIMEOUT } from '../support/run-limits';
import { bundledInterpreter } from '../support/workflow-bundle';
import { extended, extending, moreFromOutside } from './processes/extending';
import { startProcess } from './processes/start-worker';
import { openProjectBackends } from '../support/project-backends';

afterEach(closeAll);
afterAll(async () => {
  // It ends with the last worker of a process, and this one has none.
  await Runtime.instance().shutdown();
});

async function scene(): Promise<{
  selvage: Selvage;
  folder: string;
  start: (moment: string) => ChildProcess;
}> {
  const folder = await temporaryFolder();
  const backends = await openProjectBackends(folder);
  onClose(() => backends.close());
  const selvage = await connectSelvage({ backends, runLimits: SHORT_HEARTBEAT_TIMEOUT });
  const start = (moment: string): ChildProcess =>
    startProcess('extending.process.ts', selvage, folder, bundledInterpreter().codePath, moment);
  return { selvage, folder, start };
}

test.each(['committed', 'accepted', 'made'])(
  'kill -9 of a worker whose body has extended the run, when that is %s: it is neither lost nor added twice',
  async (moment) => {
    const { selvage, folder, start } = await scene();
    const run = await selvage.start(extending, { x: 1 });
    await once(start(moment), 'exit');
    expect(readFileSync(path.join(folder, 'blow.txt'), 'utf8')).toBe(moment);
    start('never');
    const { outputs, values, status } = await run.result();
    expect(status).toBe('succeeded');
    expect(outputs).toEqual({ 'param:x': 1, p: 2, more: 4 });
    expect(values).toEqual({ more: 4, p: 2 });
    const ids = scheduledActivities(await historyOf(selvage, run.runId)).map(({ id }) => id);
    expect(ids).toEqual(['p', 'more']);
    // The body ran once: the next attempt adopted what was on record.
    const record = (await run.records()).find(({ knot_id }) => knot_id === 'p');
    expect(record).toMatchObject({ attempt: 1, outcome: 'ok' });
  },
  120_000,
);

test.each(['accepted', 'made'])(
  'kill -9 of a worker that has taken a client’s extension, when that is %s: the next one ends it, and the caller hears',
  async (moment) => {
    const { selvage, folder, start } = await scene();
    const run = await selvage.start(extended, { x: 1 });
    const first = start(moment);
    await until(
      'the run waits',
      async () => (await run.status().catch(() => undefined))?.live?.running[0] === 'h',
    );
    const asked = run.extend(moreFromOutside);
    await once(first, 'exit');
    expect(readFileSync(path.join(folder, 'blow.txt'), 'utf8')).toBe(moment);
    start('never');
    await asked;
    writeFileSync(path.join(folder, 'go-on.txt'), '');
    const { outputs, status } = await run.result();
    expect(status).toBe('succeeded');
    expect(outputs).toEqual({ 'param:x': 1, h: 1, more: 2 });
  },
  120_000,
);
