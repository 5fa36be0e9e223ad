import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';

import { closeAll, connectSelvage, onClose, temporaryFolder, unique } from '../support/open-selvage';
import { openProjectBackends } from '../support/project-backends';
import { sharedServerAddress } from '../support/temporal-server';
import { until } from '../support/until';
import { STREAM_POINTS, type StreamPoint } from './streams/points';
import type { StreamOrders } from './streams/stream.process';
import { Instances } from './triggers/instances';
import { marksOf } from './triggers/points';

const POINTS = Object.keys(STREAM_POINTS) as StreamPoint[];
const LIMIT_MS = 300_000;
const WAIT_LIMIT_MS = 240_000;
/** One reads, the other stands by. */
const PROCESSES = 2;
const ELEMENTS = 120;
const KEYS = 3;

afterEach(closeAll);

const ORDERS: readonly (readonly [string, Pick<StreamOrders, 'keys' | 'options'>])[] = [
  ['in the order of the source', { options: { concurrency: 8, order: 'all' } }],
  ['in the order of each key', { options: { concurrency: 8 }, keys: KEYS }],
  ['in batches', { options: { concurrency: 2, batch: 8, order: 'all' } }],
];

test.each(ORDERS)(
  'killed at each point of the way of an element, %s: one run for each, and no result out of order',
  async (_, { options, keys }) => {
    const folder = await temporaryFolder();
    const name = unique('streamed');
    const blows = { folder: await mkdtemp(path.join(folder, 'blows-')), each: 1 };
    const orders: StreamOrders = {
      address: sharedServerAddress(),
      folder,
      name,
      elements: ELEMENTS,
      options,
      ...(keys !== undefined && { keys }),
      blows,
    };
    const instances = await Instances.start(
      path.join(__dirname, 'streams/stream.process.ts'),
      orders,
      PROCESSES,
    );
    onClose(() => instances.stop());
    const end = path.join(folder, 'end');
    await until(
      'the stream has ended',
      () => {
        if (instances.failures.length > 0) throw new Error(instances.describe());
        return existsSync(end);
      },
      WAIT_LIMIT_MS,
    ).catch((error: unknown) => {
      throw new Error(
        `${String(error)}\n${JSON.stringify(marksOf(blows, STREAM_POINTS))}\n${instances.describe()}`,
      );
    });
    await instances.stop();

    expect(JSON.parse(readFileSync(end, 'utf8'))).toEqual({ why: 'ended', ok: ELEMENTS, dead: 0 });
    const results = readFileSync(path.join(folder, 'results'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as [runId: string, value: string, kept: string]);
    const events = Array.from({ length: ELEMENTS }, (__, index) => `event-${index}`);
    // At least once each, and the first time of each in order.
    const firsts = [...new Set(results.map(([, value]) => value))];
    if (options.order === 'all') expect(firsts).toEqual(events);
    expect([...firsts].sort()).toEqual([...events].sort());
    for (let key = 0; keys !== undefined && key < keys; key++) {
      const own = (value: string): boolean => Number(value.slice(6)) % keys === key;
      expect(firsts.filter(own)).toEqual(events.filter(own));
    }
    // Always of one run.
    const runs = new Map(results.map(([runId, value]) => [value, runId]));
    for (const [runId, value, kept] of results) expect([runs.get(value), kept]).toEqual([runId, value]);
    const backends = await openProjectBackends(folder);
    onClose(() => backends.close());
    const selvage = await connectSelvage({ backends });
    const ids = new Set(runs.values());
    const started: string[] = [];
    for (let cursor: string | undefined, isFirst = true; isFirst || cursor; isFirst = false) {
      const page = await selvage.runs.list({ trigger: `stream:${name}`, ...(cursor && { cursor }) });
      started.push(...page.items.map(({ run_id }) => run_id));
      cursor = page.cursor;
    }
    expect(started.sort()).toEqual([...ids].sort());

    const marks = marksOf(blows, STREAM_POINTS);
    for (const point of POINTS) expect(marks[point]).toHaveLength(1);
    expect(Object.values(marks).flat().sort()).toEqual([...instances.killed].sort());
  },
  LIMIT_MS,
);
