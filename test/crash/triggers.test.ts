import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Selvage } from '../../src/client';
import { closeAll, onClose, openSelvage, unique } from '../support/open-selvage';
import { openProjectBackends, removeProjectBackends } from '../support/project-backends';
import { describeWith } from '../support/services';
import { sharedServerAddress } from '../support/temporal-server';
import { until } from '../support/until';
import { Instances } from './triggers/instances';
import { TRIGGER_POINTS, marksOf, type Blows, type TriggerPoint } from './triggers/points';
import { openSource, type Source, type SourceKind } from './triggers/sources';
import { keeping } from './triggers/tapestry';

const POINTS = Object.keys(TRIGGER_POINTS) as TriggerPoint[];
const INSTANCES = 2;
/** Deaths at each point. */
const EACH = 3;
/** Events of a wave: the next one comes when all of one have started their runs. */
const WAVE = 8;
const LIMIT_MS = 240_000;
/** Less than the test has, so that it says what was missing. */
const WAIT_LIMIT_MS = 200_000;
/** Each death costs the start of a process and a session of the group: on a slow machine all of them together may take minutes. */
const STANDSTILL_MS = 60_000;

afterEach(closeAll);

interface Campaign {
  readonly selvage: Selvage;
  readonly source: Source;
  readonly blows: Blows;
  readonly instances: Instances;
  readonly tapestry: string;
}

async function begin(kind: SourceKind): Promise<Campaign> {
  const folder = await mkdtemp(path.join(tmpdir(), 'selvage-triggers-'));
  onClose(async () => {
    await removeProjectBackends(folder);
    await rm(folder, { recursive: true, force: true });
  });
  const [tapestry, taskQueue] = [unique('keeping'), unique('queue')];
  const backends = await openProjectBackends(folder);
  onClose(() => backends.close());
  const selvage = await openSelvage({ tapestries: [keeping(tapestry)], taskQueue, backends });
  const source = await openSource(kind);
  onClose(() => source.close());
  const blows = { folder: await mkdtemp(path.join(folder, 'blows-')), each: EACH };
  const address = sharedServerAddress();
  const instances = await Instances.start(
    path.join(__dirname, 'triggers/instance.process.ts'),
    { address, taskQueue, folder, name: tapestry, source: source.orders, blows },
    INSTANCES,
  );
  onClose(() => instances.stop());
  return { selvage, source, blows, instances, tapestry };
}

describe.each<SourceKind>(['valkey', 'kafka'])('two instances that serve %s', (kind) => {
  describeWith(kind)('killed at each point of the way of an event', () => {
    test(
      'start one run for each key, and acknowledge each event',
      async () => {
        const begun = await begin(kind);
        const { selvage, source, blows, instances, tapestry } = begun;
        const events: string[] = [];
        const deaths = (): number => Object.values(marksOf(blows)).flat().length;
        const all = async (what: string, missing: () => Promise<number>): Promise<void> => {
          let [seen, since] = ['', performance.now()];
          try {
            await until(
              what,
              async () => {
                if (instances.failures.length > 0) throw new Error('An instance failed.');
                const left = await missing();
                const now = `${left} ${deaths()}`;
                if (now !== seen) [seen, since] = [now, performance.now()];
                else if (performance.now() - since > STANDSTILL_MS)
                  throw new Error(`Nothing has happened for ${STANDSTILL_MS / 1_000} s, before ${what}.`);
                return left === 0;
              },
              WAIT_LIMIT_MS,
            );
          } catch (error) {
            throw new Error([(error as Error).message, ...(await standing(begun))].join('\n'));
          }
        };
        const spent = (): boolean => POINTS.every((point) => marksOf(blows)[point].length === EACH);
        while (!spent()) {
          const wave = Array.from({ length: WAVE }, (_, index) => `event-${events.length + index}`);
          events.push(...wave);
          await source.send(wave);
          await all(
            `all ${events.length} events have started their runs`,
            async () => events.length - (await startedEvents(selvage)),
          );
        }
        await all('every event is acknowledged', () => source.waiting());
        await instances.stop();

        const runs = await until('all runs are over', async () => {
          const executions = await executionsOf(selvage, tapestry);
          return executions.length >= events.length && executions.every(({ isOver }) => isOver)
            ? executions
            : undefined;
        });
        const started = await Promise.all(
          runs.map(async ({ runId }) => (await selvage.getRun(runId).values())['kept']),
        );
        expect(started.sort()).toEqual([...events].sort());
        expect(instances.failures).toEqual([]);
        const marks = marksOf(blows);
        for (const point of POINTS) expect(marks[point]).toHaveLength(EACH);
        expect(Object.values(marks).flat().sort()).toEqual([...instances.killed].sort());
      },
      LIMIT_MS,
    );
  });
});

/** How things stand, a line each. */
async function standing({ selvage, source, instances, blows }: Campaign): Promise<string[]> {
  const { items } = await selvage.backends.startLedger.list({ started: false });
  return [
    `${await source.waiting()} events are not acknowledged; ${await startedEvents(selvage)} have started their runs.`,
    `Claimed and not started: ${items.map(({ key }) => key).join(', ') || 'none'}.`,
    `Deaths: ${JSON.stringify(marksOf(blows))}.`,
    instances.describe(),
  ];
}

async function startedEvents(selvage: Selvage): Promise<number> {
  let count = 0;
  let cursor: string | undefined;
  do {
    const page = await selvage.backends.startLedger.list({ started: true, ...(cursor && { cursor }) });
    count += page.items.length;
    cursor = page.cursor;
  } while (cursor);
  return count;
}

/** As the server has them: two of one id would be two starts. */
async function executionsOf(
  selvage: Selvage,
  type: string,
): Promise<readonly { readonly runId: string; readonly isOver: boolean }[]> {
  const executions = [];
  for await (const { workflowId, status } of selvage.client.workflow.list({
    query: `WorkflowType = "${type}"`,
  }))
    executions.push({ runId: workflowId, isOver: status.name !== 'RUNNING' });
  return executions;
}
