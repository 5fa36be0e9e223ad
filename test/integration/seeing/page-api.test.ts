import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { knot, tapestry, waitForSignal } from '../../../src';
import { ServerReach, type PageServerOptions } from '../../../src/explorer/page-server';
import { createEncryption, forgetSubject } from '../../../src/encryption';
import { closeAll, openSelvage, selvageForAll, unique } from '../../support/open-selvage';
import { openPage, type TestPage } from '../../support/page';
import { until } from '../../support/until';
import { VERSION } from '../../../src/version';

const double = knot('double', ({ x }: { x: number }) => x * 2);
const publish = knot(
  'publish',
  ({ value, by }: { value: number; by: { name: string } }) => `${value} by ${by.name}`,
);

const review = tapestry('page.review', { parameters: { x: z.number() } }, (_, { x }) => {
  const value = double({ x }, { id: 'value' });
  const by = waitForSignal(
    { name: 'approval', schema: z.object({ name: z.string() }), after: [value] },
    { id: 'approval', summary: 'Somebody looks at the value' },
  );
  return { end: publish({ value, by }, { id: 'end' }) };
});

const plain = tapestry('page.plain', { parameters: { x: z.number() } }, (_, { x }) => {
  const first = double({ x }, { id: 'first' });
  return { second: double({ x: first }, { id: 'second' }) };
});

const selvage = selvageForAll({ tapestries: [review, plain] });
afterEach(closeAll);

async function page(options: Partial<PageServerOptions> = {}): Promise<TestPage> {
  return await openPage({
    backends: selvage().backends,
    reach: ServerReach.of(selvage()),
    tapestries: [review, plain],
    ...options,
  });
}

test('a run is started from the form, waits with its reason, is approved, and each step is told within the moment', async () => {
  const opened = await page();
  const { position, abilities } = await opened.ask('project.about', {});
  expect(abilities.live).toBe(true);
  const feed = opened.listen(position);
  const { runId } = await opened.act('runs.start', {
    tapestry: 'page.review',
    parameters: { x: 4 },
    tags: ['by-hand'],
  });
  await feed.until(({ events }) =>
    events.some(({ runId: of, knotId: id }) => of === runId && id === 'value'),
  );

  const shown = await opened.ask('runs.show', { runId });
  expect(shown.run).toMatchObject({
    trigger: 'ui',
    tags: ['by-hand'],
    status: 'running',
    actor: expect.any(String) as string,
  });
  const { waiting } = await opened.ask('runs.explain', { runId });
  expect(waiting!['approval']).toMatchObject({
    state: 'waiting',
    reason: { code: 'Signal' },
    signal: 'approval',
  });
  const { items } = await opened.ask('approvals.list', {});
  expect(items.find((wait) => wait.runId === runId)).toMatchObject({
    knotId: 'approval',
    signal: 'approval',
    summary: 'Somebody looks at the value',
    schema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
  });
  expect(await opened.ask('knots.show', { runId, knotId: 'approval' })).toMatchObject({
    waiting: { state: 'waiting' },
  });

  const wrong = await opened.post('runs.signal', { runId, signal: 'approval', payload: { name: 3 } });
  expect(wrong.status).toBe(400);
  expect(wrong.body).toContain('InvalidSignal');
  await opened.act('runs.signal', { runId, signal: 'approval', payload: { name: 'Anna' } });
  await feed.until(({ events }) =>
    events.some(({ kind, runId: of }) => kind === 'run-ended' && of === runId),
  );
  expect(
    feed.events
      .filter(({ runId: of }) => of === runId)
      .map(({ kind, knotId: id, state, status }) => [kind, id, state?.outcome ?? status]),
  ).toEqual([
    // The parameters of a run are on record before it is.
    ['knot-finished', 'param:x', 'ok'],
    ['run-started', undefined, undefined],
    ['knot-finished', 'value', 'ok'],
    ['knot-finished', 'approval', 'ok'],
    ['knot-finished', 'end', 'ok'],
    ['run-ended', undefined, 'succeeded'],
  ]);
  // A tab that was away goes on from where it was, and is told the rest once.
  const seen = feed.frames.find(({ events }) => events.some(({ knotId: id }) => id === 'value'))!;
  const later = await opened
    .listen(undefined, { 'last-event-id': seen.id })
    .until(({ events }) => events.some(({ kind }) => kind === 'run-ended'));
  expect(later.events.filter(({ runId: of }) => of === runId).map(({ knotId: id }) => id)).not.toContain(
    'param:x',
  );
  const { graph } = await opened.ask('runs.show', { runId });
  const end = graph.knots.find(({ id }) => id === 'end')!;
  expect(await opened.ask('values.show', { hash: end.state!.outputHash!, runId })).toMatchObject({
    form: 'text',
    text: '8 by Anna',
  });
});

test('a run is gone on from at a knot, as the preview says', async () => {
  const opened = await page();
  const handle = await selvage().start(plain, { x: 1 }, { runId: unique('plain') });
  await handle.result();
  const asked = { runId: handle.runId, from: ['second'] };
  const preview = await opened.ask('runs.previewResume', asked);
  expect(preview).toEqual({ reused: ['param:x', 'first'], runs: ['second'] });
  const { runId } = await opened.act('runs.resume', asked);
  await selvage().getRun(runId).result();
  const { graph, run: resumed } = await opened.ask('runs.show', { runId });
  expect(resumed).toMatchObject({ resumedFrom: handle.runId, status: 'succeeded' });
  expect(graph.knots.filter(({ state }) => state!.cachedFromRun === undefined).map(({ id }) => id)).toEqual(
    preview.runs,
  );
  expect(await opened.ask('runs.show', { runId: handle.runId })).toMatchObject({
    run: { resumedAs: [{ runId }] },
  });
  expect(
    await opened.question('runs.previewResume', { runId: handle.runId, from: ['nobody'] }),
  ).toMatchObject({
    status: 404,
  });
});

test('a run is cancelled and terminated; what is wrong with a start is told', async () => {
  const opened = await page();
  const [one, other] = await Promise.all(
    [1, 2].map((x) => opened.act('runs.start', { tapestry: 'page.review', parameters: { x } })),
  );
  await opened.act('runs.cancel', { runId: one!.runId });
  await opened.act('runs.terminate', { runId: other!.runId });
  await selvage().getRun(one!.runId).result();
  expect(await opened.ask('runs.show', { runId: one!.runId })).toMatchObject({
    run: { status: 'cancelled' },
  });
  expect(await opened.ask('runs.show', { runId: other!.runId })).toMatchObject({
    run: { status: 'terminated' },
  });
  const wrong = await opened.post('runs.start', { tapestry: 'page.review', parameters: { x: 'four' } });
  expect(wrong.status).toBe(400);
  expect(JSON.parse(wrong.body)).toMatchObject({
    code: 'InvalidParameters',
    details: { problems: [{ path: 'x' }] },
  });
  const stolen = { x: { $type: 'stored', value: { hash: `bytes-sha256:${'0'.repeat(64)}`, size: 1 } } };
  expect((await opened.post('runs.start', { tapestry: 'page.review', parameters: stolen })).body).toContain(
    'NotDecodable',
  );
});

test('values of a subject are shown with its key, and not once it is forgotten', async () => {
  const encryption = createEncryption({
    keys: `a:${randomBytes(32).toString('base64')}`,
    subjectKeys: 'memory:',
  });
  const own = await openSelvage({ tapestries: [plain], encryption });
  const opened = await page({ backends: own.backends, reach: ServerReach.of(own) });
  const handle = await own.start(plain, { x: 7 }, { runId: unique('sealed'), subject: 'anna' });
  await handle.result();
  const { graph } = await opened.ask('runs.show', { runId: handle.runId });
  const { outputHash } = graph.knots.find(({ id }) => id === 'second')!.state!;
  expect(await opened.ask('values.show', { hash: outputHash! })).toMatchObject({ form: 'json', json: 28 });
  await forgetSubject(own.backends, 'anna');
  expect(await opened.ask('values.show', { hash: outputHash! })).toMatchObject({
    form: 'none',
    code: 'SubjectForgotten',
  });
});

test('a form sends a time as a text', async () => {
  const dated = tapestry('page.dated', { parameters: { when: z.date() } }, (_, { when }) => ({
    year: knot('year', ({ at }: { at: Date }) => at.getUTCFullYear())({ at: when }, { id: 'year' }),
  }));
  const own = await openSelvage({ tapestries: [dated] });
  const opened = await page({ backends: own.backends, reach: ServerReach.of(own), tapestries: [dated] });
  const { runId } = await opened.act('runs.start', {
    tapestry: 'page.dated',
    parameters: { when: '2024-05-01' },
  });
  expect(await own.getRun(runId).values()).toEqual({ year: 2024 });
});

test('a run that no worker has begun is shown, with why, and so is who works', async () => {
  const idle = tapestry('page.idle', { taskQueue: unique('nobody') }, () => ({
    one: knot('one', () => 1)({}, { id: 'one' }),
  }));
  const opened = await page({ tapestries: [idle, plain] });
  const handle = await selvage().start(idle, {}, { runId: unique('idle'), taskQueue: unique('nobody') });
  const { items } = await opened.ask('runs.list', { tapestry: 'page.idle' });
  expect(items).toEqual([
    expect.objectContaining({ runId: handle.runId, started: false, status: 'running' }),
  ]);
  expect(await opened.ask('runs.explain', { runId: handle.runId })).toMatchObject({
    workflowTask: { code: 'NoWorker' },
  });
  const across = await opened.ask('runs.waiting', { by: 'reason' });
  expect(across.counts).toContainEqual(expect.objectContaining({ key: 'NoWorker' }));
  expect(across.items).toContainEqual(
    expect.objectContaining({ runId: handle.runId, reason: expect.objectContaining({ code: 'NoWorker' }) }),
  );
  expect((await opened.ask('versions.list', {})).bodies).toContainEqual(
    expect.objectContaining({ body: 'one', runs: 1, oldestRunId: handle.runId, safeToRemove: false }),
  );
  const { items: queues } = await opened.ask('workers.list', {});
  expect(queues.find(({ tapestries }) => tapestries.includes('page.idle'))!.workers).toEqual([]);
  const told = await until('a worker has told of itself', async () =>
    (await opened.ask('workers.list', {})).items
      .flatMap(({ workers }) => workers)
      .find(({ selvage: version }) => version === VERSION),
  );
  expect(told).toMatchObject({ bodyHosts: expect.any(Array), running: expect.any(Number) });
  await handle.terminate();
});

test('a page that comes late for what is kept, or is ended, is told so', async () => {
  const other = await openSelvage({ tapestries: [plain] });
  const opened = await page({ backends: other.backends, reach: ServerReach.of(other) });
  const behind = await opened.listen('0').until(({ frames }) => frames.length > 0);
  expect(behind.frames[0]).toMatchObject({ event: 'behind' });
  const feed = opened.listen();
  const handle = await other.start(plain, { x: 1 });
  await feed.until(({ events }) => events.some(({ kind }) => kind === 'run-started'));
  await handle.result();
  await opened.server.close();
  await feed.until(({ ended }) => ended).catch(() => undefined);
  expect(feed.ended).toBe(true);
});
