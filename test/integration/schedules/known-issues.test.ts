import { knot, schedule, tapestry } from '../../../src';
import type { Selvage } from '../../../src/client';
import { planOfSchedule, plannedTimes } from '../../../src/triggers';
import { SCHEDULERS, startServerWith } from '../../support/schedulers';
import { closeAll, connectSelvage, unique } from '../../support/open-selvage';
import type { TestServer } from '../../support/temporal-server';
import { refusal } from '../../support/refusal';
import { rejectionOf } from '../../support/rejection-of';
import { until } from '../../support/until';

/**
 * What the server's schedulers do otherwise than one would think, or than one another. A test that fails tells that it has been mended: then what is done about it here can go,
 * or its line in docs/schedules/servers.md.
 */
const nothing = knot('nothing', () => null);
const idle = tapestry('idle', () => ({ nothing: nothing({}, { id: 'nothing' }) }));

describe.each(SCHEDULERS)('scheduler %s', (scheduler) => {
  let server: TestServer;
  let selvage: Selvage;
  beforeAll(async () => {
    server = await startServerWith(scheduler);
    selvage = await connectSelvage({ address: server.address });
  });
  afterAll(async () => {
    await closeAll();
    await server.stop();
  });

  const yearly = async (): Promise<string> => {
    const id = unique('known');
    await selvage.schedules.deploy([schedule(idle, { id, cron: '0 0 1 1 *' })]);
    return id;
  };

  interface Counts {
    readonly started: number;
    readonly waiting: number;
    readonly skipped: number;
  }

  /** A schedule of which runs are asked for by the hours of a day that is over, one after the other. */
  const hourly = async (): Promise<{
    readonly id: string;
    ask(hour: number, overlap: string): Promise<void>;
    counts(): Promise<Counts>;
    counted(started: number, waiting: number, skipped: number): Promise<void>;
  }> => {
    const id = unique('known');
    await selvage.schedules.deploy([schedule(idle, { id, calendar: { year: 2020, month: 1, hour: '*' } })]);
    const counts = async (): Promise<Counts> => {
      const { started, waiting, skipped } = (await selvage.schedules.show(id)).counts;
      return { started, waiting, skipped };
    };
    return {
      id,
      async ask(hour, overlap) {
        const time = new Date(Date.UTC(2020, 0, 1, hour));
        const backfill = { start: time, end: time, overlap: overlap as 'SKIP' };
        await selvage.client.schedule.getHandle(id).backfill(backfill);
      },
      counts,
      async counted(started, waiting, skipped) {
        const wanted = { started, waiting, skipped };
        let seen: Counts | undefined;
        await until('it has been decided', async () => {
          seen = await counts();
          return JSON.stringify(seen) === JSON.stringify(wanted);
        }).catch(() => undefined);
        expect(seen).toEqual(wanted);
      },
    };
  };

  it('starts one run for two that were asked for within a second', async () => {
    const second = (time = Date.now()): number => Math.floor(time / 1000);
    const { id, asked } = await until('two have been asked for within a second', async () => {
      const handle = selvage.client.schedule.getHandle(await yearly());
      const began = second();
      await handle.trigger('ALLOW_ALL');
      // The older scheduler does not answer before it has taken that up.
      await selvage.schedules.show(handle.scheduleId);
      await handle.trigger('ALLOW_ALL');
      return second() === began ? { id: handle.scheduleId, asked: began } : undefined;
    });
    await until('one is there', async () => (await selvage.schedules.show(id)).recent.length > 0);
    await selvage.schedules.trigger(id);
    // Decided after the two.
    const recent = await until('the run of a later second is there', async () => {
      const { recent: found } = await selvage.schedules.show(id);
      return found.some(({ plannedAt }) => second(plannedAt) > asked) ? found : undefined;
    });
    expect(recent.length).toBe(2);
  });

  it(
    scheduler === 'V1'
      ? 'starts a run beside one of `allow-all`, although it is to skip'
      : 'skips beside a run of `allow-all`',
    async () => {
      const id = await yearly();
      await selvage.schedules.trigger(id, { overlap: 'allow-all' });
      const { outcome } = await selvage.schedules.trigger(id, { overlap: 'skip' });
      expect(outcome).toBe(scheduler === 'V1' ? 'started' : 'skipped');
    },
  );

  it(
    scheduler === 'V1'
      ? 'loses one of two that are asked for at the same moment'
      : 'decides about both of two that are asked for at the same moment',
    async () => {
      const decidedOfTwo = async (): Promise<number> => {
        const { ask, counts } = await hourly();
        await Promise.all([ask(1, 'BUFFER_ALL'), ask(2, 'BUFFER_ALL')]);
        await until('one has started', async () => (await counts()).started > 0);
        await ask(3, 'SKIP');
        // Decided after the two.
        const { started, waiting } = await until('the third one is skipped', async () => {
          const seen = await counts();
          return seen.skipped > 0 ? seen : undefined;
        });
        return started + waiting;
      };
      if (scheduler === 'V1') await until('one is lost', async () => (await decidedOfTwo()) === 1);
      else expect(await decidedOfTwo()).toBe(2);
    },
  );

  it(
    scheduler === 'V1'
      ? 'skips what is to skip beside a run that is about to start'
      : 'starts what is to skip beside a run that is about to start',
    async () => {
      const startedOfTwo = async (): Promise<number> => {
        const { ask, counts } = await hourly();
        await ask(1, 'SKIP');
        // The older scheduler does not answer before it has taken that up.
        if (scheduler === 'V1') await counts();
        await ask(2, 'SKIP');
        const { started } = await until('both have been decided', async () => {
          const seen = await counts();
          return seen.started + seen.skipped === 2 && seen.waiting === 0 ? seen : undefined;
        });
        return started;
      };
      if (scheduler === 'V1') expect(await startedOfTwo()).toBe(1);
      // Often the first one has started when the second one comes.
      else await until('the second one comes early enough', async () => (await startedOfTwo()) === 2);
    },
  );

  it(
    scheduler === 'V1'
      ? 'lets one wait of those that are to wait alone'
      : 'lets more than one wait of those that are to wait alone, if they come one after the other',
    async () => {
      const { ask, counted } = await hourly();
      await ask(1, 'BUFFER_ONE');
      // One that is about to start counts as waiting, too, and the newer scheduler would start the next one beside it.
      await counted(1, 0, 0);
      await ask(2, 'BUFFER_ONE');
      await counted(1, 1, 0);
      await ask(3, 'BUFFER_ONE');
      if (scheduler === 'V1') await counted(1, 1, 1);
      else await counted(1, 2, 0);
    },
  );

  it(
    scheduler === 'V1'
      ? 'loses a run of `allow-all`, while another waits for a cancelled one'
      : 'starts a run of `allow-all`, while another waits for a cancelled one',
    async () => {
      const { id, ask, counted } = await hourly();
      await ask(1, 'SKIP');
      await counted(1, 0, 0);
      await ask(2, 'CANCEL_OTHER');
      await counted(1, 1, 0);
      const asked = selvage.schedules.trigger(id);
      // Who asks does not get an answer that is only supposed.
      if (scheduler === 'V1')
        expect(await rejectionOf(asked)).toMatchObject(refusal('ScheduleUnanswered', /drops a run/));
      else expect(await asked).toMatchObject({ outcome: 'started' });
      await counted(scheduler === 'V1' ? 1 : 2, 1, 0);
      // Decided after the one before it.
      await ask(4, 'SKIP');
      await counted(scheduler === 'V1' ? 1 : 2, 1, 1);
    },
  );

  /** A paused schedule of which one run is not over, and at least two planned times wait for its end. */
  const pausedWithWaiting = async (): Promise<{ id: string; waiting: number; runId: string }> => {
    const id = await yearly();
    // Time begins to plan when this one has started: beside one that is about to start, the newer scheduler starts another.
    const { runId } = await selvage.schedules.trigger(id, { overlap: 'skip' });
    await selvage.schedules.deploy([schedule(idle, { id, every: 1_000, overlap: 'buffer-all' })]);
    await until('two wait', async () => (await selvage.schedules.show(id)).counts.waiting >= 2);
    await selvage.schedules.pause(id);
    const { counts, running } = await selvage.schedules.show(id);
    expect(running).toEqual([runId]);
    return { id, waiting: counts.waiting, runId: runId! };
  };

  it(
    scheduler === 'V1'
      ? 'lets a change of the policy hold for planned times that wait'
      : 'keeps the policy of planned times that wait when it is changed',
    async () => {
      const { id, waiting } = await pausedWithWaiting();
      await selvage.schedules.deploy([schedule(idle, { id, every: 1_000, overlap: 'skip' })]);
      expect((await selvage.schedules.show(id)).counts).toMatchObject(
        scheduler === 'V1' ? { waiting: 0, skipped: waiting } : { waiting, skipped: 0 },
      );
    },
  );

  it(
    scheduler === 'V1'
      ? 'drops all planned times that wait where a run ends while it is paused'
      : 'drops one planned time where a run ends while it is paused, and lets the rest wait for a later run',
    async () => {
      const { id, waiting, runId } = await pausedWithWaiting();
      await selvage.client.workflow.getHandle(runId).terminate();
      const left = scheduler === 'V1' ? 0 : waiting - 1;
      await until('it has been decided', async () => {
        const { counts, running } = await selvage.schedules.show(id);
        return running.length === 0 && counts.waiting === left;
      });
      // Nothing runs that they could wait for: one that was to be skipped starts.
      expect((await selvage.schedules.trigger(id, { overlap: 'skip' })).outcome).toBe('started');
      expect((await selvage.schedules.show(id)).counts.waiting).toBe(left);
    },
  );

  it(
    scheduler === 'V1'
      ? 'ignores an update that came too late without a word'
      : 'refuses an update that came too late',
    async () => {
      const id = await yearly();
      const { workflowService, options } = selvage.client;
      const which = { namespace: options.namespace, scheduleId: id };
      const { schedule: seen, conflictToken } = await workflowService.describeSchedule(which);
      await selvage.schedules.pause(id, 'meanwhile');
      const update = workflowService.updateSchedule({
        ...which,
        schedule: seen,
        conflictToken,
        requestId: id,
      });
      if (scheduler === 'V1') await update;
      else await expect(update).rejects.toThrow(/mismatched conflict token/);
      expect(await selvage.schedules.show(id)).toMatchObject({ paused: true, note: 'meanwhile' });
    },
  );

  it(
    scheduler === 'V1' ? 'cannot update the memo of a schedule' : 'updates the memo of a schedule',
    async () => {
      const id = await yearly();
      const { workflowService, options } = selvage.client;
      const which = { namespace: options.namespace, scheduleId: id };
      const { schedule: seen, conflictToken } = await workflowService.describeSchedule(which);
      const update = workflowService.updateSchedule({
        ...which,
        schedule: seen,
        conflictToken,
        requestId: id,
        memo: { fields: {} },
      });
      if (scheduler === 'V1') await expect(update).rejects.toThrow(/memo updates are not supported/);
      else await update;
    },
  );

  it(
    scheduler === 'V1'
      ? 'cuts the planned time of a run that was asked for to seconds'
      : 'keeps the milliseconds of the planned time of a run that was asked for',
    async () => {
      const id = await yearly();
      const milliseconds = async (): Promise<number> => {
        const { runId } = await selvage.schedules.trigger(id);
        const { searchAttributes } = await selvage.client.workflow.getHandle(runId!).describe();
        const [planned] = searchAttributes['TemporalScheduledStartTime'] as [Date];
        return planned.getMilliseconds();
      };
      if (scheduler === 'V1') expect(await milliseconds()).toBe(0);
      // One in a thousand is at a full second.
      else await until('one has milliseconds', async () => (await milliseconds()) > 0);
    },
  );

  it.each([
    [
      'a time that comes twice, where clocks change by half an hour',
      'Australia/Lord_Howe',
      '45 1 * * *',
      '2026-04-03',
      4,
    ],
    ['a time that comes twice, east of Greenwich', 'Europe/Berlin', '30 2 * * *', '2026-10-23', 4],
    ['a day of the week that has no midnight', 'America/Santiago', '0 1 * * 0', '2026-09-04', 1],
  ])('leaves out %s', async (_, timezone, cron, since, told) => {
    const id = unique('known');
    const declared = schedule(idle, { id, cron, timezone });
    await selvage.schedules.deploy([declared]);
    const from = Date.parse(`${since}T00:00Z`);
    const to = from + 3 * 86_400_000;
    const { startTime } = await selvage.client.workflowService.listScheduleMatchingTimes({
      namespace: selvage.client.options.namespace,
      scheduleId: id,
      startTime: { seconds: from / 1000 },
      endTime: { seconds: to / 1000 },
    } as never);
    const planned = [];
    for (const time of plannedTimes(planOfSchedule(declared.options), from)) {
      if (time > to) break;
      planned.push(time);
    }
    expect(planned.length).toBe(told);
    expect((startTime ?? []).length).toBe(told - 1);
  });
});
