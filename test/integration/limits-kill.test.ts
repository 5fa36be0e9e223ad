import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Runtime } from '@temporalio/worker';
import type { Selvage } from '../../src/client';
import { closeAll, connectSelvage, onClose, temporaryFolder } from '../support/open-selvage';
import { until } from '../support/until';
import { SHORT_HEARTBEAT_TIMEOUT } from '../support/run-limits';
import { bundledInterpreter } from '../support/workflow-bundle';
import { beginnings, linesOf, mayEnd } from './processes/beginnings';
import { startProcess } from './processes/start-worker';
import { killing, staying, waitsForPlace, waitsForTurn } from './processes/waiting';
import { openProjectBackends } from '../support/project-backends';

/** So many lost workers end a knot that may have killed them. */
const LOST_WORKERS = 3;

afterEach(closeAll);
afterAll(async () => {
  // It ends with the last worker of a process, and this one has none.
  await Runtime.instance().shutdown();
});

interface Scene {
  readonly selvage: Selvage;
  readonly folder: string;
  /** A worker that kills itself while a knot waits for this. */
  start(dies: 'place' | 'turn' | 'never', slots?: number): ChildProcess;
}

async function setUp(): Promise<Scene> {
  const folder = await temporaryFolder();
  const backends = await openProjectBackends(folder);
  onClose(() => backends.close());
  const selvage = await connectSelvage({ backends, runLimits: SHORT_HEARTBEAT_TIMEOUT });
  const start: Scene['start'] = (dies, slots = 10) =>
    startProcess('waiting.process.ts', selvage, folder, bundledInterpreter().codePath, String(slots), dies);
  return { selvage, folder, start };
}

async function endedBySigkill(worker: ChildProcess): Promise<void> {
  const [, signal] = (await once(worker, 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
}

test.each([
  ['place', waitsForPlace],
  ['turn', waitsForTurn],
] as const)(
  'kill -9 of worker after worker in which a knot only waits for its %s: that is none of its doing, and it runs',
  async (dies, shape) => {
    const { selvage, folder, start } = await setUp();
    // With its one slot taken, this worker takes nothing else.
    const keeper = dies === 'place' ? start('never', 1) : undefined;
    const holder = keeper && (await selvage.start(staying, {}));
    if (holder) await until('the place is taken', () => beginnings(folder).length === 1, 60_000);
    const run = await selvage.start(shape, {});
    const killed: number[] = [];
    for (let lost = 0; lost < LOST_WORKERS; lost++) {
      const worker = start(dies);
      killed.push(worker.pid!);
      await endedBySigkill(worker);
    }
    expect(linesOf(path.join(folder, 'blows.txt')).map(Number)).toEqual(killed);

    writeFileSync(mayEnd(folder, 'stays'), '');
    start('never');
    const { attempt } = await run.values();
    expect(attempt).toBeGreaterThan(LOST_WORKERS);
    expect(beginnings(folder).filter(({ knot }) => knot === 'waits')).toHaveLength(1);
    expect((await run.lineage({ knotId: 'waits' })).items).toMatchObject([{ outcome: 'ok' }]);
    if (holder) expect((await holder.result()).status).toBe('succeeded');
  },
  240_000,
);

test('a body that kills its worker as soon as it has its place is given up at the third', async () => {
  const { selvage, folder, start } = await setUp();
  const run = await selvage.start(killing, {});
  for (let lost = 0; lost < LOST_WORKERS; lost++) await endedBySigkill(start('never'));
  expect(beginnings(folder)).toHaveLength(LOST_WORKERS);
  start('never');
  const { outcomes } = await run.result();
  expect(outcomes['kills']).toMatchObject({ kind: 'err', error: { type: 'WorkerLost' } });
  expect(beginnings(folder)).toHaveLength(LOST_WORKERS);
}, 240_000);
