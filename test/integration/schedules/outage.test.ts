import { setTimeout as sleep } from 'node:timers/promises';
import { knot, schedule, tapestry } from '../../../src';
import type { Selvage } from '../../../src/client';
import { SCHEDULERS, InterruptibleServer, schedulerOf, type Scheduler } from '../../support/schedulers';
import { closeAll, connectSelvage, onClose, unique } from '../../support/open-selvage';
import { until } from '../../support/until';

const nothing = knot('nothing', () => null);
const idle = tapestry('idle', () => ({ nothing: nothing({}, { id: 'nothing' }) }));
const EVERY_MS = 2_000;
const CATCHUP_MS = 10_000;
const AWAY_MS = 15_000;

/** What the server lists as started, with the times that were planned. */
async function listed(selvage: Selvage): Promise<{ readonly ids: string[]; readonly planned: number[] }> {
  const ids: string[] = [];
  const planned: number[] = [];
  for await (const { workflowId, searchAttributes } of selvage.client.workflow.list()) {
    ids.push(workflowId);
    planned.push((searchAttributes['TemporalScheduledStartTime'] as [Date])[0].getTime());
  }
  return { ids, planned: planned.sort((one, other) => one - other) };
}

interface Caught {
  /** Times that were planned while the server was away, and started by now. */
  readonly duringOutage: number;
  readonly missed: number;
  readonly ids: readonly string[];
  /** Those that were started, from the first to one that was planned when the server was back. */
  readonly started: number;
  /** All that was planned then. */
  readonly planned: number;
}

/** Lets a schedule's server be away for longer than it catches up with. */
async function outage(scheduler: Scheduler): Promise<Caught> {
  const server = await InterruptibleServer.start(scheduler);
  onClose(() => server.stop());
  const id = unique('outage');
  const selvage = await connectSelvage({ address: server.address });
  const often = schedule(idle, {
    id,
    every: EVERY_MS,
    catchup: CATCHUP_MS,
    overlap: 'allow-all',
  });
  await selvage.schedules.deploy([often]);
  expect(await schedulerOf(selvage.client, id)).toBe(scheduler);
  await until('a run has started', async () => (await selvage.schedules.show(id)).counts.started > 0);
  await server.kill();
  const gone = Date.now();
  await sleep(AWAY_MS);
  await server.start();
  const back = await connectSelvage({ address: server.address, backends: selvage.backends });
  // The first one planned after it was back: what it catches up with came before.
  const since = Date.now();
  const state = await until('it has caught up', async () => {
    const found = await back.schedules.show(id);
    return found.recent[0] && found.recent[0].plannedAt > since ? found : undefined;
  });
  await back.schedules.pause(id);
  const { missed } = (await back.schedules.show(id)).counts;
  // All planned times between the first and the last: started, or missed. The server's listing comes a little later than the runs.
  const last = state.recent[0]!.plannedAt;
  const { ids, times, all, upToThen } = await until('all that has started is listed', async () => {
    const found = await listed(back);
    const seen = {
      ids: found.ids,
      times: found.planned,
      all: (last - found.planned[0]!) / EVERY_MS + 1,
      upToThen: found.planned.filter((time) => time <= last).length,
    };
    return seen.upToThen + missed >= seen.all ? seen : undefined;
  });
  // A slow machine is away for longer: until the server answers.
  const duringOutage = times.filter((time) => time > gone && time <= since).length;
  return { duringOutage, missed, ids, started: upToThen, planned: all };
}

// Both at the same time: it is mostly waited.
const outages = new Map<Scheduler, Promise<Caught>>();
beforeAll(() => {
  for (const scheduler of SCHEDULERS) {
    const caught = outage(scheduler);
    caught.catch(() => {});
    outages.set(scheduler, caught);
  }
});
afterAll(closeAll);

it.each(SCHEDULERS)(
  'scheduler %s starts after an outage what was planned within `catchup`, once each, and counts the rest as missed',
  async (scheduler) => {
    const { duringOutage, missed, ids, started, planned } = await outages.get(scheduler)!;
    expect(missed).toBeGreaterThan(0);
    expect(new Set(ids).size).toBe(ids.length);
    expect(duringOutage).toBeGreaterThan(0);
    expect(started + missed).toBe(planned);
  },
);
