import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import type { RunHandle, Selvage } from '../../src/client';
import { closeAll, connectSelvage, onClose, temporaryFolder } from '../support/open-selvage';
import { SHORT_HEARTBEAT_TIMEOUT } from '../support/run-limits';
import { until } from '../support/until';
import type { RunLimits } from '../../src/workflows/run-limits';
import {
  beganFile,
  CROWD,
  ELEMENTS,
  KILLER,
  goFile,
  killerInCrowd,
  murderous,
  murderousInPlace,
  murderousMap,
  patient,
  wide,
} from './tapestries';
import { WorkerProcess } from './worker-process';
import { openProjectBackends } from '../support/project-backends';

interface Scene {
  readonly folder: string;
  readonly selvage: Selvage;
  startWorker(identity: string): Promise<WorkerProcess>;
}

async function setUp(runLimits: Partial<RunLimits> = SHORT_HEARTBEAT_TIMEOUT): Promise<Scene> {
  const folder = await temporaryFolder();
  const backends = await openProjectBackends(folder);
  onClose(() => backends.close());
  const selvage = await connectSelvage({ backends, runLimits });
  return {
    folder,
    selvage,
    async startWorker(identity) {
      const { address } = selvage.location;
      const worker = await WorkerProcess.start({
        address,
        taskQueue: selvage.taskQueue!,
        projectDir: folder,
        identity,
      });
      onClose(async () => void (await worker.kill()));
      return worker;
    },
  };
}

async function began(folder: string, knotId: string, attempt: number): Promise<number> {
  const file = beganFile(folder, knotId, attempt);
  const pid = await until(
    `attempt ${attempt} of ${knotId} has begun`,
    () => existsSync(file) && readFileSync(file, 'utf8'),
  );
  return Number(pid);
}

const go = (folder: string, knotId: string, attempt: number): void =>
  writeFileSync(goFile(folder, knotId, attempt), '');

afterAll(closeAll);

// They mostly wait for the server to miss a heartbeat: side by side, that costs no more than the longest of them.
describe('a worker that is killed', () => {
  test.concurrent(
    'in mid-knot: the knot runs again elsewhere, and its outcome is recorded once',
    async () => {
      const { folder, selvage, startWorker } = await setUp();
      const first = await startWorker('first');
      const run = await selvage.start(patient, { root: folder });
      expect(await began(folder, 'waiting', 1)).toBe(first.pid);
      // The other knot runs beside it, and is to have its record when the blow falls.
      await until('the other knot is recorded', async () => (await run.outcomes())['before']?.kind === 'ok');
      expect(await first.kill()).toBe('SIGKILL');
      expect(() => process.kill(first.pid, 0)).toThrow('ESRCH');
      const second = await startWorker('second');
      expect(await began(folder, 'waiting', 2)).toBe(second.pid);
      go(folder, 'waiting', 2);
      expect(await run.values()).toEqual({ attempt: 2, sum: 102 });
      const items = await run.lineage();
      expect(items.map(({ knot_id, worker, attempt }) => [knot_id, worker, attempt]).sort()).toEqual([
        ['before', 'first', 1],
        ['param:root', 'first', 1],
        ['sum', 'second', 1],
        ['waiting', 'second', 2],
      ]);
      const { extra } = items.find(({ knot_id }) => knot_id === 'waiting')!;
      expect(extra['attempts']).toMatchObject([{ attempt: 1, reason: { code: 'WorkerLost' } }]);
    },
  );

  test.concurrent.each([murderous, murderousInPlace])(
    'by one knot, three times: that knot is given up as WorkerLost, and nothing else is lost ($name)',
    async (tapestry) => {
      const { folder, selvage, startWorker } = await setUp();
      let worker = await startWorker('worker-1');
      const run = await selvage.start(tapestry, { root: folder });
      const murders = (): number => readdirSync(folder).filter((file) => file.startsWith('killer.')).length;
      for (let n = 1; n <= 3; n++) {
        expect(await worker.ended()).toBe('SIGKILL');
        expect(murders()).toBe(n);
        worker = await startWorker(`worker-${n + 1}`);
      }
      const result = await Promise.race([run.result(), worker.ended().then(() => expect(murders()).toBe(3))]);
      expect(result).toMatchObject({
        status: 'failed',
        values: { innocent: 8 },
        outcomes: {
          killer: {
            kind: 'err',
            error: { type: 'WorkerLost', message: expect.stringContaining('"killer"') },
          },
          victim: { kind: 'skipped', reason: 'parent_failed_or_skipped' },
        },
      });
      expect(murders()).toBe(3);
      expect(await run.lineage({ knotId: 'killer' })).toHaveLength(1);
    },
  );

  test.concurrent(
    'by one knot of many that ran beside it: it is found, and all others end well',
    async () => {
      const { folder, selvage, startWorker } = await setUp();
      const run = await selvage.start(killerInCrowd, { root: folder });
      const workers = await untilOver(run, startWorker);
      const { outcomes, values } = await run.result();
      expect(outcomes['killer']).toMatchObject({ kind: 'err', error: { type: 'WorkerLost' } });
      expect(Object.keys(values).filter((id) => id.startsWith('innocent'))).toHaveLength(CROWD.length);
      // It was alone, or nearly, when it killed the third.
      expect(workers).toBeLessThan(7);
    },
  );

  test.concurrent(
    'by one element of a local map: that goes on in batches, and gives up the element alone',
    async () => {
      const { selvage, startWorker } = await setUp();
      const run = await selvage.start(murderousMap, {});
      const workers = await untilOver(run, startWorker);
      expect((await run.values()).mapped).toEqual(ELEMENTS.filter((x) => x !== KILLER));
      const records = (await run.lineage()).filter(({ knot_id }) => knot_id.startsWith('mapped['));
      expect(records.map(({ knot_id }) => knot_id).sort()).toEqual(
        ELEMENTS.map((x) => `mapped[${x}]`).sort(),
      );
      expect(records.find(({ outcome }) => outcome !== 'ok')).toMatchObject({
        knot_id: `mapped[${KILLER}]`,
        extra: { error: { type: 'WorkerLost' } },
      });
      // In the segment, in its batch, and three times alone.
      expect(workers).toBeLessThan(9);
      const { events } = await selvage.client.workflow.getHandle(`${run.runId}/mapped`).fetchHistory();
      const activities = events!.filter((event) => event.activityTaskScheduledEventAttributes).length;
      expect(activities).toBeLessThan(ELEMENTS.length / 10);
      // More activities would have child runs of their own.
      expect(events!.filter((event) => event.startChildWorkflowExecutionInitiatedEventAttributes)).toEqual(
        [],
      );
    },
  );
});

/** Starts a worker whenever the last one has been lost; how many it took. */
async function untilOver(run: RunHandle<object>, startWorker: Scene['startWorker']): Promise<number> {
  const stop = new AbortController();
  const ended = run.result().finally(() => stop.abort());
  let workers = 0;
  while (!stop.signal.aborted) {
    const worker = await startWorker(`worker-${++workers}`);
    await Promise.race([worker.ended(), ended]);
  }
  return workers;
}

/** It works for a sixtieth of the time, and on a busy machine for less. */
const STARVED_LIMIT_MS = 400_000;

test(
  'a worker that is short of processors is slow, and not lost',
  async () => {
    const { selvage, startWorker } = await setUp({});
    const worker = await startWorker('slow');
    const isOver = new AbortController();
    const starving = starve(worker.pid, isOver.signal);
    const run = await selvage.start(wide, {});
    try {
      // A step of the workflow takes longer now than the SDK grants by default.
      const { runHistory } = selvage.backends;
      const hasRecord = async (): Promise<boolean> =>
        (await runHistory.findLineage({ runId: run.runId, limit: 1 })).items.length > 0;
      await Promise.race([until('a knot is recorded', hasRecord, STARVED_LIMIT_MS), worker.ended()]);
    } finally {
      isOver.abort();
      await starving;
    }
    expect(() => process.kill(worker.pid, 0)).not.toThrow();
    expect(Object.keys(await run.values())).toHaveLength(100);
    expect((await run.lineage()).filter(({ extra }) => 'attempts' in extra)).toEqual([]);
  },
  2 * STARVED_LIMIT_MS,
);

/** Lets a process run for some milliseconds a second, as it does beside sixty others. */
async function starve(pid: number, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    process.kill(pid, 'SIGSTOP');
    await sleep(900);
    process.kill(pid, 'SIGCONT');
    await sleep(15);
  }
}
