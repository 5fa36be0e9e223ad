import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
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

    expect(JSON.parse(readFileSync(end, 'utf8'))).toEqual({ reason: 'ended', ok: ELEMENTS, failed: 0 });
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

test(
  'a log that is rotated twice whenever its reader was killed: one run for each line, and none is lost',
  async () => {
    const folder = await temporaryFolder();
    const name = unique('rotated');
    const blows = { folder: await mkdtemp(path.join(folder, 'blows-')), each: 1 };
    const wanted: readonly StreamPoint[] = ['after-claim', 'after-checkpoint'];
    // The others have fallen.
    for (const point of POINTS)
      if (!wanted.includes(point)) writeFileSync(path.join(blows.folder, `${point}.0`), '0');
    const file = path.join(folder, 'app.log');
    const written: string[] = [];
    let rotations = 0;
    const write = (count: number): void => {
      for (let n = 0; n < count; n++) {
        written.push(`event-${written.length}`);
        appendFileSync(file, `${written.at(-1)}\n`);
      }
    };
    const rotate = (): void => {
      for (let n = rotations; n >= 1; n--) renameSync(`${file}.${n}`, `${file}.${n + 1}`);
      renameSync(file, `${file}.1`);
      rotations += 1;
    };
    write(40);
    const orders: StreamOrders = {
      address: sharedServerAddress(),
      folder,
      name,
      elements: 0,
      file,
      options: { concurrency: 4, batch: 8 },
      blows,
    };
    const instances = await Instances.start(path.join(__dirname, 'streams/stream.process.ts'), orders, 1);
    onClose(() => instances.stop());
    for (let kills = 1; kills <= wanted.length; kills++) {
      await until('the reader is killed', () => {
        if (instances.failures.length > 0) throw new Error(instances.describe());
        return instances.killed.length >= kills;
      });
      for (let times = 0; times < 2; times++) {
        write(10);
        rotate();
      }
      write(10);
    }
    const results = (): [runId: string, value: string][] =>
      existsSync(path.join(folder, 'results'))
        ? readFileSync(path.join(folder, 'results'), 'utf8')
            .split('\n')
            .slice(0, -1)
            .map((line) => JSON.parse(line) as [string, string])
        : [];
    await until(
      'all lines have a result',
      () => new Set(results().map(([, value]) => value)).size === written.length,
      WAIT_LIMIT_MS,
    );
    const backends = await openProjectBackends(folder);
    onClose(() => backends.close());
    const selvage = await connectSelvage({ backends });
    await selvage.streams.drain(name);
    await until('the stream has ended', () => existsSync(path.join(folder, 'end')));
    await instances.stop();

    expect(JSON.parse(readFileSync(path.join(folder, 'end'), 'utf8'))).toEqual({
      reason: 'drained',
      ok: written.length,
      failed: 0,
    });
    expect(new Set(results().map(([, value]) => value))).toEqual(new Set(written));
    // Each line always of one run.
    expect(new Set(results().map(([runId, value]) => `${runId} ${value}`)).size).toBe(written.length);
    expect((await selvage.streams.status(name)).gaps).toBeUndefined();
    const marks = marksOf(blows, STREAM_POINTS);
    expect(wanted.flatMap((point) => marks[point]).sort()).toEqual([...instances.killed].sort());
    expect(instances.killed).toHaveLength(wanted.length);
  },
  LIMIT_MS,
);
