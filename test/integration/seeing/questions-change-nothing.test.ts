import { z } from 'zod';
import { knot, list, map, runLocally, table, tapestry, waitForSignal } from '../../../src';
import { uiHandler } from '../../../src/explorer';
import { OPERATIONS, type AskOf, type QuestionName } from '../../../src/operations';
import { requestOf } from '../../../src/operations/request';
import type { Backends } from '../../../src/ports';
import {
  closeAll,
  connectSelvage,
  onClose,
  openSelvage,
  temporaryBackends,
} from '../../support/open-selvage';
import { troubledBackends } from '../../support/troubled-backends';
import { until } from '../../support/until';

afterEach(closeAll);

const double = knot('double', ({ x }: { x: number }) => x * 2);
const twice = knot('twice', ({ x }: { x: number }) => [x, x]);
const orders = tapestry('orders', { parameters: { x: z.number() } }, (_t, { x }) => ({
  y: double({ x }, { id: 'doubled' }),
  all: map({ over: twice({ x }, { id: 'both' }), each: double, bind: 'x' }, { id: 'each' }),
}));
const asks = tapestry('asks', () => ({ answer: waitForSignal('answer', z.null(), { id: 'answer' }) }));
const daily = tapestry('daily', { partition: list(['one', 'two']) }, () => ({
  told: waitForSignal('tell', z.null(), { id: 'told' }),
}));
const TAPESTRIES = [orders, asks, daily];

/** All that a store may be called for by a question. */
const READS = new Set([
  ...[
    'identity',
    'now',
    'technology',
    'close',
    'get',
    'getMany',
    'has',
    'hasMany',
    'getStream',
    'list',
    'find',
  ],
  ...['getRun', 'getRunByTemporalId', 'listRuns', 'getRecords', 'getOutcomes', 'countRecords', 'findLineage'],
  ...[
    'findCached',
    'findHashes',
    'referredTo',
    'statistics',
    'stepsBack',
    'onStepBack',
    'changes',
    'lastChange',
    'space',
  ],
  ...[
    'runsOf',
    'recordsOf',
    'recordsBeforeRun',
    'finishedKnots',
    'emitterTableBeside',
    'deadLetters',
    'holders',
  ],
  ...['partitionRuns', 'otherCode', 'outputsOf', 'madeForPartitions', 'offers'],
]);

/** Stores that refuse every write, and keep in `written` what was tried. */
function unwritable(real: Backends, written: string[]): Backends {
  const wrapped = <T extends object>(store: T): T =>
    new Proxy(store, {
      get(_, name) {
        const value: unknown = Reflect.get(store, name, store);
        if (typeof value !== 'function') return value;
        if (name === 'emitterTableBeside') return () => wrapped(value.call(store) as object);
        if (READS.has(String(name))) return value.bind(store) as unknown;
        return () => {
          written.push(String(name));
          throw new Error(`A question calls ${String(name)}().`);
        };
      },
    });
  return troubledBackends(real, wrapped);
}

async function recordsOf({ runHistory }: Backends): Promise<unknown> {
  const { items: runs } = await runHistory.listRuns();
  const { items: knots } = await runHistory.findLineage({});
  return { runs, knots };
}

const Prices = table({ id: 'int64', price: 'float64' }, { key: ['id'] });
const prices = knot('prices', { output: Prices }, ({ price }: { price: number }) => [{ id: 1n, price }]);
const priced = tapestry('priced', () => ({
  dear: prices({ price: 9 }, { id: 'dear' }),
  cheap: prices({ price: 1 }, { id: 'cheap' }),
}));

test('no question changes anything, and each has the ends that only the server knows', async () => {
  const backends = await temporaryBackends();
  const working = await openSelvage({ tapestries: TAPESTRIES, backends });
  const { taskQueue } = working;
  const good = await working.start(orders, { x: 2 }, { runId: 'good' });
  await good.result();
  await (await working.start(orders, { x: 3 }, { runId: 'other' })).result();
  await working.start(asks, {}, { runId: 'waits' });
  await working.start(asks, {}, { runId: 'cut' });
  await working.partitions.backfill(daily, { from: 'one', to: 'one', runId: 'filled' });
  const made = await until('the runs wait', async () => {
    const { items } = await backends.runHistory.listRuns({ status: 'running' });
    const partition = items.find((run) => run.partition === 'one');
    const begun = new Set(items.map((run) => run.run_id));
    return begun.has('cut') && begun.has('waits') ? partition : undefined;
  });
  const hash = (
    await backends.runHistory.getRecords((await backends.runHistory.getRun('good'))!.temporal_run_id, [
      'doubled',
    ])
  )[0]!.output_hash!;
  const { lineage } = await runLocally(priced, {}, { backends });
  const tables = lineage.map(({ output_hash }) => output_hash!);
  // No worker is left that would settle records.
  await working.close();
  const selvage = await connectSelvage({ backends, taskQueue: taskQueue! });
  await selvage.start(asks, {}, { runId: 'unbegun' });
  for (const runId of ['cut', 'unbegun', 'filled', made.run_id])
    await selvage.client.workflow.getHandle(runId).terminate('by other means');

  const before = await recordsOf(backends);
  const written: string[] = [];
  const looking = await connectSelvage({ backends: unwritable(backends, written) });
  const handler = uiHandler({
    selvage: looking,
    authenticate: () => ({ mayRead: true, mayAct: false }),
    tapestries: TAPESTRIES,
  });
  onClose(async () => handler.close());
  const ask = async <Name extends QuestionName>(
    name: Name,
    asked: AskOf<Name>,
  ): Promise<Record<string, unknown>> => {
    const { path, body } = requestOf(name, asked);
    const request = new Request(`http://localhost/api/v1/${path}`, {
      headers: { host: 'localhost' },
      ...(body !== undefined && { method: 'POST', body }),
    });
    const response = await handler(request);
    const answer = (await response.json()) as Record<string, unknown>;
    return { name, status: response.status, ...answer };
  };
  const ASKS: { readonly [Name in QuestionName]: readonly AskOf<Name>[] } = {
    'approvals.list': [{}],
    'cache.explain': [{ runId: 'good', knotId: 'doubled' }],
    'docs.search': [{ query: 'signal' }],
    'events.list': [{}],
    'emitters.deadLetters': [{ emitter: 'none' }],
    'emitters.list': [{}],
    'knots.elements': [{ runId: 'good', map: 'each' }],
    'knots.list': [{ runId: 'good' }, { runId: 'cut' }],
    'knots.show': [
      { runId: 'good', knotId: 'doubled' },
      { runId: 'cut', knotId: 'answer' },
    ],
    'lineage.diff': [{ first: 'good', second: 'other' }],
    'lineage.impact': [{ hash }],
    'lineage.list': [{ runId: 'good' }, { inputHash: hash }],
    'lineage.why': [{ hash }],
    'partitions.list': [{ tapestry: 'daily' }],
    'partitions.previewBackfill': [{ tapestry: 'daily' }],
    'project.about': [{}],
    'project.find': [{ text: 'good' }],
    'project.overview': [{}],
    'runs.compare': [
      { first: 'good', second: 'other' },
      { first: 'waits', second: 'cut' },
    ],
    'runs.logs': [{ runId: 'waits' }],
    'runs.explain': [{ runId: 'waits' }, { runId: 'cut' }, { runId: 'unbegun' }],
    'runs.grid': [{ tapestry: 'asks' }],
    'runs.list': [{}, { status: 'terminated' }, { status: 'running' }, { definition: 'double' }],
    'runs.previewResume': [{ runId: 'cut' }],
    'runs.show': [{ runId: 'good' }, { runId: 'waits' }, { runId: 'cut' }, { runId: 'unbegun' }],
    'runs.waiting': [{ by: 'reason' }],
    'schedules.list': [{}],
    'schedules.preview': [{ cron: '@daily' }],
    'schedules.show': [{ schedule: 'none' }],
    'stats.show': [{}, { by: 'tapestry', since: '7d' }],
    'streams.list': [{}],
    'streams.show': [{ stream: 'none' }],
    'tapestries.list': [{}],
    'tapestries.show': [{ tapestry: 'orders' }],
    'triggers.deadLetters': [{ trigger: 'webhook:none' }],
    'triggers.list': [{}],
    'values.show': [{ hash }],
    'tables.diff': [{ first: tables[0]!, second: tables[1]! }],
    'tables.show': [{ hash: tables[0]! }],
    'values.uses': [{ hash }],
    'versions.list': [{}],
    'workers.list': [{}],
  };
  const questions = OPERATIONS.filter(({ kind }) => kind === 'question').map(({ name }) => name);
  expect(Object.keys(ASKS).sort()).toEqual([...questions].sort());
  const answers = new Map<string, Record<string, unknown>>();
  for (const [name, asked] of Object.entries(ASKS))
    for (const one of asked)
      answers.set(`${name} ${JSON.stringify(one)}`, await ask(name as QuestionName, one as never));

  expect(written).toEqual([]);
  expect(await recordsOf(backends)).toEqual(before);
  const refused = [...answers.values()].filter(({ status }) => status !== 200);
  expect(refused.map(({ code }) => code)).toEqual(['UnknownEmitter', 'UnknownSchedule', 'UnknownStream']);
  const listed = answers.get('runs.list {"status":"terminated"}')!['items'] as { runId: string }[];
  expect(listed.map(({ runId }) => runId).sort()).toEqual(['cut', 'filled', made.run_id].sort());
  for (const runId of ['cut', 'unbegun'])
    expect(answers.get(`runs.show ${JSON.stringify({ runId })}`)).toMatchObject({
      run: { status: 'terminated' },
    });
  expect(answers.get('partitions.list {"tapestry":"daily"}')).toMatchObject({
    items: [
      { key: 'one', state: 'failed' },
      { key: 'two', state: 'missing' },
    ],
  });
});
