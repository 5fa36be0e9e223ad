import { z } from 'zod';
import { knot, list, local, schedule, tapestry, webhook } from '../../../src';
import { ServerReach } from '../../../src/explorer/page-server';
import type { AnswerOf } from '../../../src/operations';
import { call } from '../../../src/operations/call';
import { Plans } from '../../../src/operations/plans';
import { selvageForAll, unique } from '../../support/open-selvage';
import { openPage, type Answer, type TestPage } from '../../support/page';

const name = unique('acts.daily');
const INPUT = z.object({ partition: z.object({ key: z.string() }) });
const make = knot('make', { input: INPUT }, ({ partition: { key } }) => {
  if (key === 'bad') throw new Error('It is bad.');
  return key;
});
const daily = tapestry(name, { partition: list(['a', 'b', 'bad', 'c']) }, (_, { partition }) => ({
  made: make({ partition }, { id: 'made', dispatcher: local() }),
}));
const idle = tapestry(unique('acts.idle'), () => ({ one: knot('one', () => 1)({}, { id: 'one' }) }));
const priced = tapestry(
  unique('acts.priced'),
  { parameters: { city: z.string(), password: z.string() } },
  (_, inputs) => ({
    said: knot('said', ({ city }: { city: string; password: string }) => city)(inputs, { id: 'said' }),
  }),
);
const orders = webhook(idle, { path: '/orders', verify: false });

const selvage = selvageForAll({ tapestries: [daily, idle, priced] });

async function page(): Promise<TestPage> {
  return await openPage({
    backends: selvage().backends,
    reach: ServerReach.of(selvage()),
    tapestries: [daily, idle],
    triggers: [orders],
  });
}

test('parameters of a schedule are kept from who may not read values', async () => {
  const { backends, client, schedules } = selvage();
  const id = unique('priced');
  await schedules.deploy([
    schedule(priced, { id, cron: '0 0 1 1 *', parameters: { city: 'Bern', password: 'open sesame' } }),
  ]);
  await client.schedule.getHandle(id).update(({ action, ...previous }) => ({
    ...previous,
    action: { ...action, args: [{ city: 'Basel', password: 'open sesame' }] },
  }));
  const shown = async (mayReadValues: boolean, maySeeSecrets = true): Promise<AnswerOf<'schedules.show'>> =>
    await call(
      {
        ...{ backends, reach: ServerReach.of(selvage()), project: '', tapestries: [], triggers: [] },
        plans: new Plans(backends),
        caller: { mayAct: false, isReadOnly: true, maySeeSecrets, mayReadValues },
      },
      'schedules.show',
      { schedule: id },
    );
  expect(await shown(true)).toMatchObject({
    parameters: { city: 'Basel', password: 'open sesame' },
    changedOnServer: [{ part: 'parameters', declared: expect.stringContaining('"Bern"') }],
  });
  // As for who reads a page of this machine without its token.
  const redacted = await shown(true, false);
  expect(redacted).toMatchObject({ parameters: { city: 'Basel', password: '[redacted]' } });
  expect(JSON.stringify(redacted)).not.toContain('sesame');
  const kept = await shown(false);
  expect(kept).toMatchObject({ changedOnServer: [{ part: 'parameters' }] });
  expect(JSON.stringify(kept)).not.toMatch(/Bern|Basel/);
  await schedules.delete(id);
});

function refusal({ status, body }: Answer): [number, string] {
  return [status, (JSON.parse(body) as { code: string }).code];
}

test('a schedule is shown, paused, resumed and triggered, and says by whom', async () => {
  const opened = await page();
  const id = unique('yearly');
  const shown = async (): Promise<unknown> =>
    (await opened.ask('schedules.list', {})).items.find((one) => one.id === id);
  await selvage().schedules.deploy([schedule(idle, { id, cron: '0 0 1 1 *', timezone: 'Europe/Berlin' })]);
  expect(await shown()).toMatchObject({
    tapestry: idle.name,
    timezone: 'Europe/Berlin',
    paused: false,
    nextAt: expect.arrayContaining([expect.any(Number)]) as number[],
    recent: [],
  });

  await opened.act('schedules.pause', { schedule: id });
  expect(await shown()).toMatchObject({
    paused: true,
    note: expect.stringMatching(/^Paused by .+, by the page$/) as string,
  });
  await opened.act('schedules.resume', { schedule: id });
  expect(await shown()).toMatchObject({
    paused: false,
    note: expect.stringMatching(/^Resumed by /) as string,
  });

  await opened.act('schedules.trigger', { schedule: id });
  const [started] = (await selvage().schedules.show(id)).recent;
  await selvage().getRun(started!.runId).result();
  expect(await shown()).toMatchObject({ recent: [{ runId: started!.runId }] });
  expect(await opened.ask('runs.show', { runId: started!.runId })).toMatchObject({
    run: { status: 'succeeded' },
  });

  for (const verb of ['pause', 'resume', 'trigger'])
    expect(refusal(await opened.post(`schedules.${verb}`, { schedule: unique('nobody') }))).toEqual([
      404,
      'UnknownSchedule',
    ]);
  expect(refusal(await opened.post('schedules.erase', { schedule: id }))).toEqual([404, 'UnknownPath']);
  await selvage().schedules.delete(id);
  expect(await shown()).toBeUndefined();
});

test('a backfill makes what its preview says, and the partitions say what became of it', async () => {
  const opened = await page();
  const states = async (): Promise<Record<string, string>> =>
    Object.fromEntries(
      (await opened.ask('partitions.list', { tapestry: name })).items.map(({ key, state }) => [key, state]),
    );
  expect(await states()).toEqual({ a: 'missing', b: 'missing', bad: 'missing', c: 'missing' });

  const asked = { tapestry: name, from: 'b', to: 'c' };
  expect(await opened.ask('partitions.previewBackfill', asked)).toEqual({
    keys: ['b', 'bad', 'c'],
    total: 3,
  });
  const { runId } = await opened.act('partitions.backfill', asked);
  await selvage().getRun(runId).result();
  expect(await states()).toEqual({ a: 'missing', b: 'ok', bad: 'failed', c: 'ok' });
  expect(await opened.ask('runs.show', { runId })).toMatchObject({
    run: { trigger: 'ui', actor: expect.any(String) as string },
  });
  const { items } = await opened.ask('partitions.list', { tapestry: name });
  const made = items.find(({ key }) => key === 'b')!;
  expect(
    (await opened.ask('runs.list', { tapestry: name, partition: 'b' })).items.map((one) => one.runId),
  ).toEqual([made.latestRun!.runId]);

  const failed = { tapestry: name, states: ['failed'] as const };
  expect(await opened.ask('partitions.previewBackfill', failed)).toEqual({ keys: ['bad'], total: 1 });
  const wrong = [
    [{ tapestry: name, from: 'nobody' }, 400],
    [{ tapestry: name, states: ['splendid'] }, 400],
    [{ tapestry: idle.name }, 400],
    [{ tapestry: 'nobody' }, 404],
  ] as const;
  for (const [ask, status] of wrong) {
    expect(await opened.question('partitions.previewBackfill', ask)).toMatchObject({ status });
    expect(await opened.post('partitions.backfill', ask)).toMatchObject({ status });
  }
  expect((await opened.question('partitions.list', { tapestry: idle.name })).status).toBe(400);
});

test('a trigger that has started nothing is shown, and what it has claimed is until it has started', async () => {
  const opened = await page();
  const { startLedger } = selvage().backends;
  const trigger = 'webhook:orders';
  const declared = async (): Promise<unknown> =>
    (await opened.ask('triggers.list', {})).items.find((one) => one.name === trigger);
  expect(await declared()).toEqual({
    name: trigger,
    kind: 'webhook',
    tapestry: idle.name,
    startedCount: 0,
    pendingCount: 0,
    atLeast: { startedCount: false, pendingCount: false },
  });

  const claim = (key: string) => ({
    trigger,
    key,
    runId: `of-${key}`,
    requestHash: null,
    event: { delivery: key },
  });
  await startLedger.claim(['one', 'two'].map(claim));
  await startLedger.markStarted([{ trigger, key: 'one' }]);
  expect(await declared()).toMatchObject({
    startedCount: 1,
    pendingCount: 1,
    lastAt: expect.any(Number) as number,
  });
  const { items } = await opened.ask('triggers.deadLetters', { trigger });
  expect(items).toEqual([
    {
      key: 'two',
      at: expect.any(Number) as number,
      reason: 'Run "of-two" is being started.',
      link: { delivery: 'two' },
    },
  ]);
  expect(await opened.ask('triggers.deadLetters', { trigger: 'webhook:nobody' })).toEqual({ items: [] });
  expect(refusal(await opened.question('triggers.deadLetters', { trigger, cursor: 'x' }))[0]).toBe(400);
});

test('names that programs trip over harm nothing', async () => {
  const opened = await page();
  // A run may be called as a file is: its page is there when it is loaded anew.
  const runId = unique('report') + '.js';
  const { runId: run } = await opened.act('runs.start', { tapestry: idle.name, parameters: {}, runId });
  await selvage().getRun(run).result();
  const document = await fetch(`${opened.url}runs/${run}`);
  expect([document.status, document.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);

  const polluted = await opened.post('runs.start', {
    tapestry: idle.name,
    parameters: JSON.parse(
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    ) as object,
  });
  expect(polluted.status).toBe(400);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
  // Nested deeper than any reader by recursion goes.
  const deep = `${'['.repeat(500_000)}${']'.repeat(500_000)}`;
  const response = await fetch(`${opened.url}api/v1/runs/signal`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-selvage-action': '1',
      authorization: `Bearer ${opened.token}`,
    },
    body: `{"run":"${run}","signal":"s","payload":${deep}}`,
  });
  expect(response.status).toBe(400);
});
