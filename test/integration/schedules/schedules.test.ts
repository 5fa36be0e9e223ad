import { z } from 'zod';
import { knot, schedule, tapestry, type Overlap, type ScheduleDeclaration } from '../../../src';
import type { Selvage } from '../../../src/client';
import { SCHEDULERS, schedulerOf, startServerWith } from '../../support/schedulers';
import { closeAll, connectSelvage, openSelvage, unique } from '../../support/open-selvage';
import { rejectionOf } from '../../support/rejection-of';
import { thrownBy } from '../../support/thrown-by';
import type { TestServer } from '../../support/temporal-server';
import { until } from '../../support/until';

const report = knot('report', ({ city, at }: { city: string; at: Date }) => `${city} ${at.toISOString()}`);
const weather = tapestry(
  'weather',
  { parameters: { city: z.string(), at: z.date() } },
  (_, { city, at }) => ({
    report: report({ city, at }, { id: 'report' }),
  }),
);

/** Never due during a test: it starts runs only when triggered. */
function yearly(id: string, options: object = {}): ScheduleDeclaration {
  return schedule(weather, {
    id,
    cron: '30 3 1 1 *',
    timezone: 'Europe/Berlin',
    parameters: { city: 'Bern' },
    plannedTime: 'at',
    ...options,
  });
}

describe.each(SCHEDULERS)('with scheduler %s', (scheduler) => {
  let server: TestServer;
  let selvage: Selvage;
  beforeAll(async () => {
    server = await startServerWith(scheduler);
    selvage = await openSelvage({ address: server.address, tapestries: [weather] });
  });
  afterAll(async () => {
    await closeAll();
    await server.stop();
  });

  /** Waits for the server's listing, which comes a little later than its schedules. */
  const listed = async (...ids: readonly string[]): Promise<void> => {
    await until('they are listed', async () => {
      const all = new Set((await selvage.schedules.list()).map(({ id }) => id));
      return ids.every((id) => all.has(id));
    });
  };

  it('is the one that keeps the schedule', async () => {
    const id = unique('which');
    await selvage.schedules.deploy([yearly(id)]);
    expect(await schedulerOf(selvage.client, id)).toBe(scheduler);
  });

  it('deploys once what is deployed twice', async () => {
    const id = unique('twice');
    const first = await selvage.schedules.deploy([yearly(id)]);
    const second = await selvage.schedules.deploy([yearly(id)]);
    expect([first[0]!.action, second[0]!.action]).toEqual(['created', 'kept']);
    expect(second[0]!.changes).toEqual([]);
  });

  it('starts a run that knows its schedule and its planned time', async () => {
    const id = unique('triggered');
    await selvage.schedules.deploy([yearly(id, { tags: ['a'] })]);
    const { outcome, runId } = await selvage.schedules.trigger(id);
    expect(outcome).toBe('started');
    const run = selvage.getRun(runId!);
    const { report: said } = (await run.values()) as { report: string };
    const planned = said.replace('Bern ', '');
    const { run: record } = await run.status();
    expect(record).toMatchObject({
      trigger: `schedule:${id}`,
      trigger_key: planned,
      tags: ['a'],
      details: { event: { planned } },
    });
    expect(runId).toBe(`${id}-${planned.replace('.000Z', 'Z')}`);
    const shown = await selvage.schedules.show(id);
    expect(shown.runs).toMatchObject([{ runId, record: { status: 'succeeded' } }]);
    expect(shown.counts).toEqual({ started: 1, missed: 0, skipped: 0, waiting: 0 });
  });

  it('lists its recent runs newest first, whichever of them ends first, and starts none in the second of another', async () => {
    const id = unique('recent');
    await selvage.schedules.deploy([yearly(id, { taskQueue: unique('nobody') })]);
    const started: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      const { outcome, runId } = await selvage.schedules.trigger(id);
      expect(outcome).toBe('started');
      started.unshift(runId!);
      // The newer scheduler moves what is over behind what runs.
      const [oldest, ...others] = [...started].reverse();
      if (others.length !== 1) continue;
      await selvage.client.workflow.getHandle(oldest!).terminate();
      await until('it is over', async () => !(await selvage.schedules.show(id)).running.includes(oldest!));
    }
    expect(new Set(started).size).toBe(3);
    expect((await selvage.schedules.show(id)).recent.map(({ runId }) => runId)).toEqual(started);
  });

  it('tells what became of a run that was asked for beside another', async () => {
    const id = unique('beside');
    await selvage.schedules.deploy([yearly(id, { taskQueue: unique('nobody') })]);
    const outcomes: [Overlap, string][] = [];
    for (const overlap of ['skip', 'skip', 'buffer-all', 'terminate-other', 'cancel-other'] as const)
      outcomes.push([overlap, (await selvage.schedules.trigger(id, { overlap })).outcome]);
    expect(outcomes).toEqual([
      ['skip', 'started'],
      ['skip', 'skipped'],
      ['buffer-all', 'waits'],
      ['terminate-other', 'started'],
      ['cancel-other', 'waits'],
    ]);
  });

  it('gives a run that waits a second of its own, too', async () => {
    const id = unique('second');
    const { schedules, client } = selvage;
    await schedules.deploy([yearly(id, { taskQueue: unique('nobody') })]);
    const first = await schedules.trigger(id, { overlap: 'skip' });
    const waiting = await schedules.trigger(id, { overlap: 'buffer-all' });
    const beside = await schedules.trigger(id);
    expect([first.outcome, waiting.outcome, beside.outcome]).toEqual(['started', 'waits', 'started']);
    for (const { runId } of [first, beside]) await client.workflow.getHandle(runId!).terminate();
    const started = await until('the one that waited has started', async () => {
      const { recent, running } = await schedules.show(id);
      return running.length > 0 && recent.length > 2 ? recent : undefined;
    });
    expect(new Set(started.map(({ runId }) => runId)).size).toBe(3);
  });

  it('pauses and resumes, whoever asks for a run at the same moment', async () => {
    const id = unique('moment');
    const { schedules, client } = selvage;
    await schedules.deploy([yearly(id, { taskQueue: unique('nobody') })]);
    const others = async (): Promise<void> => {
      await Promise.all([1, 2, 3].map(() => client.schedule.getHandle(id).trigger('SKIP')));
    };
    for (let round = 0; round < 2; round += 1) {
      const [paused] = await Promise.all([schedules.pause(id), others()]);
      expect(paused.paused).toBe(true);
      const [resumed] = await Promise.all([schedules.resume(id), others()]);
      expect(resumed.paused).toBe(false);
    }
  });

  it('tells who has changed what, and keeps what operators did', async () => {
    const id = unique('drift');
    const { client, schedules } = selvage;
    await schedules.deploy([yearly(id)]);
    await schedules.pause(id, 'the warehouse moves');
    await client.schedule.getHandle(id).update((previous) => ({
      ...previous,
      policies: { ...previous.policies, overlap: 'ALLOW_ALL' },
      spec: { ...previous.spec, endAt: new Date('2040-01-01') },
    }));
    const changed = yearly(id, { cron: '0 4 1 1 *', parameters: { city: 'Basel' } });
    const [compared] = await schedules.compare([changed]);
    expect(compared).toMatchObject({ change: 'changed', paused: true });
    expect(compared!.changes.map(({ part, changedBy }) => [part, changedBy])).toEqual([
      ['times', 'file'],
      ['parameters', 'file'],
      ['overlap', 'server'],
      ['others', 'server'],
    ]);
    expect((await schedules.show(id)).changedOnServer.map(({ part }) => part)).toEqual(['overlap', 'others']);
    const [dry] = await schedules.deploy([changed], { dryRun: true });
    expect(dry!.action).toBe('updated');
    expect((await schedules.compare([changed]))[0]!.change).toBe('changed');
    const [deployed] = await schedules.deploy([changed]);
    expect(deployed).toMatchObject({ action: 'updated', paused: true });
    expect(await schedules.compare([changed])).toMatchObject([{ change: 'same', changes: [], paused: true }]);
    expect(await schedules.show(id)).toMatchObject({
      paused: true,
      note: 'the warehouse moves',
      changedOnServer: [],
    });
  });

  it('prunes what has the same source and no declaration, and nothing else', async () => {
    const [source, other] = [unique('source'), unique('source')];
    const [kept, gone, others] = [unique('kept'), unique('gone'), unique('others')];
    await selvage.schedules.deploy([yearly(kept), yearly(gone)], { owner: source });
    await selvage.schedules.deploy([yearly(others)], { owner: other });
    await listed(kept, gone, others);
    const left = await selvage.schedules.deploy([yearly(kept)], { owner: source });
    expect(left.map(({ id, action }) => [id, action])).toEqual([
      [kept, 'kept'],
      [gone, 'left'],
    ]);
    const pruned = await selvage.schedules.deploy([yearly(kept)], { owner: source, prune: true });
    expect(pruned.map(({ id, action }) => [id, action])).toEqual([
      [kept, 'kept'],
      [gone, 'deleted'],
    ]);
    expect(await rejectionOf(selvage.schedules.show(gone))).toMatchObject({ code: 'UnknownSchedule' });
    await selvage.schedules.show(others);
  });

  it('leaves schedules of others alone, unless they are taken over', async () => {
    const [id, made] = [unique('theirs'), unique('made')];
    const { schedules, client } = selvage;
    await schedules.deploy([yearly(id)], { owner: 'theirs' });
    expect(await rejectionOf(schedules.deploy([yearly(id)], { owner: 'ours' }))).toMatchObject({
      code: 'ScheduleInUse',
      details: { schedule: id, owner: 'theirs' },
    });
    await client.schedule.create({
      scheduleId: made,
      spec: { intervals: [{ every: '10 days' }] },
      action: { type: 'startWorkflow', workflowType: 'weather', taskQueue: 'some' },
    });
    expect(await rejectionOf(schedules.deploy([yearly(made)], { owner: 'ours' }))).toMatchObject({
      code: 'ScheduleInUse',
      details: { owner: null },
    });
    const [one, two] = await schedules.deploy([yearly(id), yearly(made)], { owner: 'ours', takeOver: true });
    expect([one!.action, two!.action]).toEqual(['updated', 'updated']);
    expect((await schedules.show(made)).deployed).toMatchObject({ source: 'ours' });
    await listed(id, made);
    const pruned = await schedules.deploy([yearly(id)], { owner: 'ours', prune: true });
    expect(pruned.map((one) => [one.id, one.action])).toEqual([
      [id, 'kept'],
      [made, 'deleted'],
    ]);
  });

  it('refuses parameters before it changes anything', async () => {
    const [good, bad] = [unique('good'), unique('bad')];
    const error = await rejectionOf(
      selvage.schedules.deploy([yearly(good), yearly(bad, { parameters: { city: 5 } })]),
    );
    expect(error).toMatchObject({ code: 'InvalidParameters', details: { schedule: bad } });
    expect(await rejectionOf(selvage.schedules.show(good))).toMatchObject({ code: 'UnknownSchedule' });
  });
});

it('refuses parameters that are too long together', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'];
  const long = tapestry(
    'long',
    { parameters: Object.fromEntries(names.map((name) => [name, z.string()])) },
    (_, { a }) => ({ said: report({ city: a as never, at: new Date(0) }, { id: 'said' }) }),
  );
  const declared = (bytes: number): ScheduleDeclaration =>
    schedule(long, {
      id: unique('long'),
      cron: '@yearly',
      parameters: Object.fromEntries(names.map((name) => [name, 'x'.repeat(bytes)])),
    });
  const selvage = await connectSelvage();
  expect(await rejectionOf(selvage.schedules.deploy([declared(250 * 1024)]))).toMatchObject({
    code: 'InvalidConfig',
    details: { option: 'parameters' },
  });
  const most = declared(43_600);
  expect(await selvage.schedules.deploy([most])).toMatchObject([{ action: 'created' }]);
  await selvage.schedules.delete(most.id);
  await closeAll();
});

it('previews expressions and declared schedules without a server', async () => {
  const { schedules } = await connectSelvage();
  const from = Date.parse('2026-03-28T00:00Z');
  const expected = [Date.parse('2026-03-28T01:30Z'), Date.parse('2026-03-30T00:30Z')];
  const { times, clockChanges } = schedules.preview('30 2 * * *', {
    timezone: 'Europe/Berlin',
    limit: 2,
    from,
  });
  expect(times).toEqual(expected);
  expect(clockChanges[0]).toMatchObject({ kind: 'skipped', instants: [] });
  const declared = yearly('previewed', { cron: '30 2 * * *' });
  expect(schedules.preview(declared, { limit: 2, from }).times).toEqual(expected);
  for (const [cron, timezone] of [
    ['30 2', 'UTC'],
    ['@daily', 'Mars/Olympus'],
  ] as const)
    expect(thrownBy(() => schedules.preview(cron, { timezone }))).toMatchObject({ code: 'InvalidConfig' });
  expect(thrownBy(() => schedules.preview(declared, { limit: 0 }))).toMatchObject({
    code: 'InvalidConfig',
    details: { option: 'limit' },
  });
  await closeAll();
});

it('says what has no schedule, or no server', async () => {
  const selvage = await connectSelvage();
  for (const act of [
    () => selvage.schedules.show('nobody'),
    () => selvage.schedules.pause('nobody'),
    () => selvage.schedules.resume('nobody'),
    () => selvage.schedules.trigger('nobody'),
    () => selvage.schedules.delete('nobody'),
  ])
    expect(await rejectionOf(act())).toMatchObject({
      code: 'UnknownSchedule',
      details: { schedule: 'nobody' },
    });
  await closeAll();
});
