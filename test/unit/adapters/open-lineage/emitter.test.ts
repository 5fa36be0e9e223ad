import { execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { z } from 'zod';
import {
  aggregate,
  dataset,
  knot,
  openLineageEmitter,
  runLocally,
  sink,
  source,
  subTapestry,
  table,
  tapestry,
  type AnyTapestry,
  type Knot,
  type OpenLineageEmitterOptions,
  type RunEvent,
  type Table,
} from '../../../../src';
import { createOpenLineageEmitter } from '../../../../src/adapters/open-lineage/emitter';
import { knotUuid, runUuid } from '../../../../src/adapters/open-lineage/run-ids';
import type * as specification from '../../../../src/adapters/open-lineage/specification';
import { createInMemoryBackends } from '../../../../src/backends';
import { deliveryContext, eventsOfRun } from '../../../support/delivered-run';
import { refusal } from '../../../support/refusal';
import { rejectionOf } from '../../../support/rejection-of';
import { runs } from '../../../support/thorough';
import { thrownBy } from '../../../support/thrown-by';
import { faultsOf } from '../../../support/open-lineage/checked';

const backends = createInMemoryBackends();
let folder: string;
beforeAll(async () => void (folder = await mkdtemp(path.join(tmpdir(), 'selvage-lineage-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

const orders = dataset('postgres://db/shop/orders');
const report = dataset('s3://reports/daily.parquet');
const sum = knot(
  'sum',
  { columns: { total: ['orders.amount'] } },
  ({ orders }: { orders: number[] }) => orders.length,
);
function daily(name: string, write: () => unknown): AnyTapestry {
  return tapestry(name, () => {
    const read = source(
      { read: () => [1, 2] },
      { id: 'orders', reads: orders, summary: 'Orders of the day' },
    );
    const total = sum({ orders: read }, { id: 'total' });
    sink({ inputs: { total }, write: write as () => number }, { id: 'store', writes: report });
  });
}

async function emitterOf(options: Partial<OpenLineageEmitterOptions>) {
  return await createOpenLineageEmitter(
    openLineageEmitter({ namespace: 'shop', ...options } as OpenLineageEmitterOptions),
    {
      projectDir: folder,
      plan: async (hash) => (await backends.tapestryStore.get(hash))?.text,
      run: (id) => backends.runHistory.getRunByTemporalId(id),
    },
  );
}

let files = 0;
async function written(
  events: RunEvent[],
  options: Partial<OpenLineageEmitterOptions> = {},
): Promise<specification.RunEvent[]> {
  const file = `lineage/${(files += 1)}.ndjson`;
  const emitter = await emitterOf({ ...options, file } as never);
  await emitter.deliver(events, deliveryContext());
  const text = await readFile(path.join(folder, file), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as specification.RunEvent);
}

async function eventsOf(what: AnyTapestry): Promise<RunEvent[]> {
  const run = await runLocally(what as never, {}, { backends });
  return await eventsOfRun(backends, run.runId);
}

const said = (events: specification.RunEvent[]): string[] =>
  events.map(({ eventType, job }) => `${eventType} ${job.name}`);

test('a run, and knots that read or write, start and complete, with datasets and where columns come from', async () => {
  const told = await written(await eventsOf(daily('daily', () => 1)));
  expect(said(told)).toEqual([
    'START daily',
    'START daily.orders',
    'COMPLETE daily.orders',
    'START daily.store',
    'COMPLETE daily.store',
    'COMPLETE daily',
  ]);
  expect(told.flatMap(faultsOf)).toEqual([]);
  const [start, readStart] = told;
  const end = told.at(-1)!;
  expect(end.run.runId).toBe(start!.run.runId);
  expect(end.inputs).toMatchObject([orders]);
  expect(end.outputs).toEqual([
    {
      ...report,
      facets: {
        dataSource: expect.objectContaining({ name: 's3://reports', uri: 's3://reports' }) as unknown,
        schema: expect.objectContaining({ fields: [{ name: 'total' }] }) as unknown,
        columnLineage: expect.objectContaining({
          fields: { total: { inputFields: [{ ...orders, field: 'amount' }] } },
        }) as unknown,
      },
    },
  ]);
  expect(readStart).toMatchObject({
    inputs: [expect.objectContaining(orders)],
    outputs: [],
    job: { namespace: 'shop', facets: { documentation: { description: 'Orders of the day' } } },
    run: {
      facets: { parent: { run: { runId: start!.run.runId }, job: { namespace: 'shop', name: 'daily' } } },
    },
  });
});

/** A knot of a random tapestry that reads and writes random datasets. */
interface Touching {
  readonly kind: 'source' | 'knot' | 'sink' | 'nested';
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly isReturned: boolean;
}
const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 2 });
const touching: fc.Arbitrary<Touching> = fc.record({
  kind: fc.constantFrom('source', 'knot', 'sink', 'nested'),
  reads: names,
  writes: names,
  isReturned: fc.boolean(),
});
const setOf = (all: readonly string[]): string[] => [...new Set(all)].sort();

test('the events of a run have all datasets of its knots, be they terminals or beside them, and of the runs that these start', async () => {
  let number = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(touching, { minLength: 1, maxLength: 6 }),
      fc.boolean(),
      async (knots, isChosen) => {
        const name = `touching-${(number += 1)}`;
        const of = (given: readonly string[]) => given.map((name) => dataset({ namespace: 'n', name }));
        const placed = (touch: Touching, id: string, before: Knot<number>): Knot<unknown> => {
          const config = { id, reads: of(touch.reads), writes: of(touch.writes) };
          if (touch.kind === 'source') return source({ read: () => 1 }, config);
          if (touch.kind === 'knot') return aggregate({ inputs: { before }, combine: () => 1 }, config);
          if (touch.kind === 'sink') return sink({ inputs: { before }, write: () => 1 }, config);
          const inner = tapestry(`${name}-${id}`, () => {
            const first = source({ read: () => 1 }, { id: 'first', reads: config.reads });
            sink({ inputs: { first }, write: () => 1 }, { id: 'beside', writes: config.writes });
            return { first };
          });
          return subTapestry({ tapestry: inner, inputs: {} }, { id });
        };
        const whole = tapestry(name, () => {
          const begin = source({ read: () => 1 }, { id: 'begin' });
          const all = knots.map((touch, index) => [touch, placed(touch, `k${index}`, begin)] as const);
          return Object.fromEntries([
            ['begin', begin],
            ...all.filter(([touch]) => touch.isReturned).map(([, knot]) => [knot.id, knot]),
          ]);
        });
        const chosen = [
          'begin',
          ...knots.flatMap(({ isReturned }, index) => (isReturned && index % 2 === 0 ? [`k${index}`] : [])),
        ];
        const run = await runLocally(whole, {}, { backends, ...(isChosen && { terminals: chosen }) });
        const told = await written(await eventsOfRun(backends, run.runId), { knots: 'none' });
        // Without a choice, all knots run; with one that names all terminals, too.
        const terminals = 1 + knots.filter(({ isReturned }) => isReturned).length;
        const ran = knots.filter(
          (_, index) => !isChosen || chosen.length === terminals || chosen.includes(`k${index}`),
        );
        expect(told.flatMap(faultsOf)).toEqual([]);
        expect(said(told)).toEqual([`START ${name}`, `COMPLETE ${name}`]);
        for (const event of told) {
          expect(event.inputs!.map((input) => input.name).sort()).toEqual(
            setOf(ran.flatMap(({ reads }) => reads)),
          );
          expect(event.outputs!.map((output) => output.name).sort()).toEqual(
            setOf(ran.flatMap(({ writes }) => writes)),
          );
        }
      },
    ),
    { numRuns: runs(60, 400) },
  );
});

test('the columns of what is read and written come from the schemas of values', async () => {
  const read = knot(
    'read',
    {
      output: z.array(
        z.object({
          id: z.string(),
          amount: z.number().nullable().describe('in cents'),
          at: z.iso.datetime(),
          of: z.union([z.string(), z.number()]),
          seen: z.date().optional(),
        }),
      ),
    },
    () => [],
  );
  const count = knot('count', { output: z.object({ orders: z.int() }) }, ({ of }: { of: unknown[] }) => ({
    orders: of.length,
  }));
  const described = tapestry('described', () => {
    const of = read({}, { id: 'read', reads: orders });
    const counted = count({ of }, { id: 'counted' });
    sink(
      { inputs: { counted }, write: () => 1 },
      { id: 'store', writes: dataset({ namespace: 'desk', name: 'list' }) },
    );
  });
  const told = await written(await eventsOf(described));
  expect(told.flatMap(faultsOf)).toEqual([]);
  expect(told.at(-1)).toMatchObject({
    inputs: [
      {
        facets: {
          dataSource: { name: 'postgres://db:5432', uri: 'postgres://db:5432' },
          schema: {
            fields: [
              { name: 'id', type: 'string' },
              { name: 'amount', type: 'number', description: 'in cents' },
              { name: 'at', type: 'date-time' },
              { name: 'of' },
              { name: 'seen' },
            ],
          },
        },
      },
    ],
    outputs: [
      { facets: { dataSource: { name: 'desk' }, schema: { fields: [{ name: 'orders', type: 'integer' }] } } },
    ],
  });
});

test('tables have their columns with types, and selections pass columns on as they are', async () => {
  const Orders = table({ id: 'int64', price: 'decimal(18,2)?', note: 'utf8' });
  const read = knot('read', { output: Orders }, () => [{ id: 1n, price: '2.00', note: '' }]);
  const unsaid = knot('unsaid', () => Orders.from([]));
  const count = knot(
    'count',
    { columns: { ids: ['some.id'] } },
    ({ some }: { some: Table<{ id: bigint }> }) => ({
      ids: some.rowCount,
    }),
  );
  const list = dataset({ namespace: 'desk', name: 'list' });
  const rates = dataset('s3://bucket/rates.parquet');
  const sold = tapestry('sold', () => {
    const of = read({}, { id: 'read', reads: orders });
    unsaid({}, { id: 'unsaid', reads: rates });
    const some = of.select('price', 'id');
    sink({ inputs: { some }, write: () => 1 }, { id: 'store', writes: report });
    sink(
      { inputs: { counted: count({ some }, { id: 'counted' }) }, write: () => 1 },
      { id: 'desk', writes: list },
    );
  });
  const told = await written(await eventsOf(sold));
  expect(told.flatMap(faultsOf)).toEqual([]);
  const { inputs, outputs } = told.at(-1)!;
  const schemaOf = (data: typeof inputs, { name }: { name: string }) =>
    data!.find((one) => one.name === name)!.facets!['schema'];
  expect(schemaOf(inputs, orders)).toMatchObject({
    fields: [
      { name: 'id', type: 'int64' },
      { name: 'price', type: 'decimal(18,2)' },
      { name: 'note', type: 'utf8' },
    ],
  });
  expect(schemaOf(outputs, report)).toMatchObject({
    fields: [
      { name: 'price', type: 'decimal(18,2)' },
      { name: 'id', type: 'int64' },
    ],
  });
  const same = { transformations: [{ type: 'DIRECT', subtype: 'IDENTITY' }] };
  const columnsOf = ({ name }: { name: string }) =>
    outputs!.find((one) => one.name === name)!.facets!['columnLineage'];
  expect(columnsOf(report)).toMatchObject({
    fields: {
      price: { inputFields: [{ ...orders, field: 'price', ...same }] },
      id: { inputFields: [{ ...orders, field: 'id', ...same }] },
    },
  });
  // What a body makes of a column is not known.
  expect(columnsOf(list)).toMatchObject({ fields: { ids: { inputFields: [{ ...orders, field: 'id' }] } } });
  expect(JSON.stringify(columnsOf(list))).not.toContain('transformations');
  const ofUnsaid = told.find(({ job }) => job.name === 'sold.unsaid')!;
  expect(schemaOf(ofUnsaid.inputs, rates)).toMatchObject({ fields: [{ name: 'id', type: 'int64' }, {}, {}] });
});

test('a run whose knot failed fails, and says why', async () => {
  const told = await written(
    await eventsOf(
      daily('failing', () => {
        throw new RangeError('the bucket is full');
      }),
    ),
  );
  expect(said(told).slice(-2)).toEqual(['FAIL failing.store', 'FAIL failing']);
  expect(told.flatMap(faultsOf)).toEqual([]);
  expect(told.at(-2)!.run.facets!['errorMessage']).toMatchObject({
    message: 'RangeError: the bucket is full',
    programmingLanguage: 'JAVASCRIPT',
  });
});

test('a run that a knot starts names the run of that knot', async () => {
  const inner = daily('inner', () => 1);
  const outer = tapestry(
    'outer',
    () => void subTapestry({ tapestry: inner as never, inputs: {} }, { id: 'nested' }),
  );
  const run = await runLocally(outer, {}, { backends });
  const { items } = await backends.runHistory.listRuns({ tapestry: 'inner' });
  const [outside, inside] = await Promise.all(
    [run.runId, items[0]!.run_id].map(async (id) => await written(await eventsOfRun(backends, id))),
  );
  expect(inside!.flatMap(faultsOf)).toEqual([]);
  expect(inside![0]!.run.facets!['parent']).toMatchObject({
    run: { runId: outside![0]!.run.runId },
    job: { name: 'outer' },
  });
});

test('a run that a schedule has started has its planned time; tags are told', async () => {
  const events = (await eventsOf(daily('scheduled', () => 1))).map((event) => ({
    ...event,
    run: {
      ...event.run,
      tags: ['nightly'],
      details: { ...event.run.details, event: { planned: '2026-01-01T02:00:00.000Z' } },
    },
  }));
  const [start] = await written(events);
  expect(faultsOf(start)).toEqual([]);
  expect(start!.run.facets).toMatchObject({
    nominalTime: { nominalStartTime: '2026-01-01T02:00:00.000Z' },
    tags: { tags: [{ key: 'nightly', value: 'true', source: 'USER' }] },
  });
});

test.each([
  ['all', ['orders', 'total', 'store']],
  ['none', []],
] as const)('knots: %s', async (knots, ids) => {
  const told = await written(await eventsOf(daily(`knots-${knots}`, () => 1)), { knots });
  const jobs = told.map(({ job }) => job.name).filter((name) => name.includes('.'));
  expect([...new Set(jobs)]).toEqual(ids.map((id) => `knots-${knots}.${id}`));
  expect(told.flatMap(faultsOf)).toEqual([]);
});

test('ids of runs are UUIDs of version 7, with the time of the run, and the same each time', async () => {
  const at = Date.UTC(2026, 0, 1);
  const id = runUuid({ temporal_run_id: 'anything', started_at: at });
  expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(at);
  expect(runUuid({ temporal_run_id: 'anything', started_at: at })).toBe(id);
  expect(knotUuid('anything', 'a', at)).not.toBe(knotUuid('anything', 'b', at));
  const own = '019a4c1e-7b1c-7d11-8a5e-0123456789ab';
  expect(runUuid({ temporal_run_id: own, started_at: at })).toBe(own);
});

describe('by HTTP', () => {
  let server: Server;
  let url: string;
  let answers: number[];
  let requests: { path: string; key: string | undefined; event: specification.RunEvent }[];
  beforeEach(async () => {
    answers = [];
    requests = [];
    server = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8');
      request.on('data', (chunk: string) => void (text += chunk));
      request.on('end', () => {
        const { url: at = '', headers } = request;
        requests.push({ path: at, key: headers.authorization, event: JSON.parse(text) as never });
        response.statusCode = answers.shift() ?? 201;
        response.end('said by the receiver');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  test('events go where the receiver has them, with the key', async () => {
    const emitter = await emitterOf({ url, apiKey: 'the-key' });
    await emitter.deliver(await eventsOf(daily('sent', () => 1)), deliveryContext());
    expect(requests).toHaveLength(6);
    expect(new Set(requests.map(({ path, key }) => `${path} ${key}`))).toEqual(
      new Set(['/api/v1/lineage Bearer the-key']),
    );
    expect(requests.flatMap(({ event }) => faultsOf(event))).toEqual([]);
  });

  test('what the receiver refuses becomes a dead letter; other failures are tried again', async () => {
    const events = await eventsOf(daily('refused', () => 1));
    const emitter = await emitterOf({ url, knots: 'none' });
    answers = [422, 201];
    expect(await emitter.deliver(events, deliveryContext())).toEqual({
      rejected: [
        {
          id: events[0]!.id,
          reason: expect.stringContaining('answered 422: said by the receiver') as string,
        },
      ],
    });
    answers = [503];
    await expect(emitter.deliver(events, deliveryContext())).rejects.toThrow('answered 503');
  });

  test('a key that the environment lacks is told when the emitter opens', async () => {
    const error = await rejectionOf(emitterOf({ url, apiKey: { env: 'SELVAGE_NO_SUCH_KEY' } }));
    expect(error).toMatchObject(refusal('InvalidConfig', 'SELVAGE_NO_SUCH_KEY'));
  });
});

test('options are checked', () => {
  const wrong = (options: object) => thrownBy(() => openLineageEmitter(options as never));
  expect(wrong({ url: 'http://x' })).toMatchObject(refusal('InvalidConfig', '"namespace"'));
  expect(wrong({ namespace: 'n' })).toMatchObject(refusal('InvalidConfig', 'so is "file"'));
  expect(wrong({ namespace: 'n', url: 'http://x', file: 'y' })).toMatchObject(
    refusal('InvalidConfig', 'excludes'),
  );
  expect(wrong({ namespace: 'n', url: 'ftp://x' })).toMatchObject(refusal('InvalidConfig', '"url"'));
  expect(wrong({ namespace: 'n', url: 'http://x', apiKey: 7 })).toMatchObject(
    refusal('InvalidConfig', '"apiKey"'),
  );
});

test('the types are those of the specification', () => {
  const script = path.join(__dirname, '../../../../scripts/open-lineage-types.js');
  execFileSync(process.execPath, [script, '--check'], { stdio: 'inherit' });
});
