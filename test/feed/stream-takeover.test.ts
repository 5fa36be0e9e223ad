import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { KafkaStreamingSource, knot, tapestry } from '../../src';
import type { Selvage } from '../../src/client';
import type { RunRecord } from '../../src/ports';
import { runStream, type StreamEnd } from '../../src/serve';
import { STREAM_POINTS, type StreamPoint } from '../crash/streams/points';
import type { StreamOrders } from '../crash/streams/stream.process';
import { Instances } from '../crash/triggers/instances';
import { marksOf } from '../crash/triggers/points';
import { KafkaPlace } from '../support/kafka-place';
import {
  closeAll,
  connectSelvage,
  onClose,
  temporaryBackends,
  temporaryFolder,
  unique,
} from '../support/open-selvage';
import { openProjectBackends } from '../support/project-backends';
import { describeWith, kafkaService } from '../support/services';
import { sharedServerAddress } from '../support/temporal-server';
import { until } from '../support/until';
import { streamPlace } from '../support/stream-place';

const LIMIT_MS = 400_000;
/** Dead readers are noticed after ten seconds each, new partitions after a minute at the latest. */
const WAIT_LIMIT_MS = 300_000;

afterEach(closeAll);

async function openPlace(): Promise<KafkaPlace> {
  const place = await KafkaPlace.open(await kafkaService());
  onClose(() => place.close());
  return place;
}

/** Returns a place that sends to the new partitions: a producer that knows the topic as it was drops what is for them. */
async function withPartitions(place: KafkaPlace, topic: string, count: number): Promise<KafkaPlace> {
  await place.admin.createPartitions({ topicPartitions: [{ topic, count }] });
  await place.hasPartitions(topic, count);
  return await openPlace();
}

async function runsOf(selvage: Selvage, id: string): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  for (let cursor: string | undefined, isFirst = true; isFirst || cursor; isFirst = false) {
    const page = await selvage.runs.list({ trigger: `stream:${id}`, ...(cursor && { cursor }) });
    runs.push(...page.items);
    cursor = page.cursor;
  }
  return runs;
}

describeWith('kafka')('a topic', () => {
  test(
    'whose readers are killed at each point, and that gets more partitions meanwhile: one run for each message, in the order of its partition',
    async () => {
      const place = await openPlace();
      const [before, after] = [3, 5];
      const topic = await place.topic(before);
      const events = Array.from({ length: 80 }, (_, index) => `event-${index}`);
      const partitionOf = (event: string): number => {
        const index = Number(event.slice(6));
        return index % (index < events.length / 2 ? before : after);
      };
      const send = async (by: KafkaPlace, some: readonly string[]): Promise<void> =>
        await by.send(topic, ...some.map((value) => ({ value, partition: partitionOf(value) })));
      const [early, late] = [events.slice(0, events.length / 2), events.slice(events.length / 2)];
      await send(place, early);

      const folder = await temporaryFolder();
      const name = unique('taken-over');
      const blows = { folder: await mkdtemp(path.join(folder, 'blows-')), each: 1 };
      const orders: StreamOrders = {
        address: sharedServerAddress(),
        folder,
        name,
        elements: events.length,
        kafka: { brokers: place.address, topic },
        options: { concurrency: 8, order: 'all' },
        blows,
      };
      const program = path.join(__dirname, '../crash/streams/stream.process.ts');
      const instances = await Instances.start(program, orders, 2);
      onClose(() => instances.stop());
      const waitFor = async (what: string, isThere: () => boolean): Promise<void> => {
        const looked = (): boolean => {
          if (instances.failures.length > 0) throw new Error(instances.describe());
          return isThere();
        };
        await until(what, looked, WAIT_LIMIT_MS).catch((error: unknown) => {
          const marks = JSON.stringify(marksOf(blows, STREAM_POINTS));
          throw new Error(`${String(error)}\n${marks}\n${instances.describe()}`);
        });
      };
      const file = path.join(folder, 'results');
      const results = (): (readonly [runId: string, value: string])[] =>
        !existsSync(file)
          ? []
          : readFileSync(file, 'utf8')
              .split('\n')
              .slice(0, -1)
              .map((line) => JSON.parse(line) as [string, string]);
      const firsts = (): string[] => [...new Set(results().map(([, value]) => value))];
      await waitFor('something is read', () => firsts().length > 0);
      await send(await withPartitions(place, topic, after), late);
      await waitFor('all are read', () => firsts().length === events.length);
      const points = Object.keys(STREAM_POINTS) as StreamPoint[];
      await waitFor('each blow has fallen', () =>
        points.every((point) => marksOf(blows, STREAM_POINTS)[point].length === 1),
      );

      const backends = await openProjectBackends(folder);
      onClose(() => backends.close());
      const selvage = await connectSelvage({ backends });
      // The last blow may have fallen just now: whoever takes over has to count first what was not in a heartbeat.
      await until(
        'all are counted',
        async () => (await selvage.streams.status(name)).ok >= events.length,
        WAIT_LIMIT_MS,
      );
      await selvage.streams.drain(name);
      const end = path.join(folder, 'end');
      await waitFor('the stream has ended', () => existsSync(end));
      await instances.stop();
      expect(JSON.parse(readFileSync(end, 'utf8'))).toEqual({
        reason: 'drained',
        ok: events.length,
        failed: 0,
      });
      for (let partition = 0; partition < after; partition++) {
        const own = (event: string): boolean => partitionOf(event) === partition;
        expect(firsts().filter(own)).toEqual(events.filter(own));
      }
      const runOf = new Map(results().map(([runId, value]) => [value, runId]));
      for (const [runId, value] of results()) expect(runOf.get(value)).toBe(runId);
      expect((await runsOf(selvage, name)).map(({ run_id }) => run_id).sort()).toEqual(
        [...runOf.values()].sort(),
      );
    },
    LIMIT_MS,
  );

  test('that is read from its end: what comes while nobody reads is not passed over, in new partitions neither', async () => {
    const place = await openPlace();
    process.env['SELVAGE_LATEST_BROKERS'] = place.address;
    const topic = await place.topic(2);
    await place.send(topic, { value: 'old', partition: 0 });
    const keep = knot('keep', ({ text }: { text: string }) => text);
    const keeping = tapestry('keeping-latest', (t) => ({
      kept: keep({ text: t.parameter('text', z.string()) }, { id: 'kept' }),
    }));
    const id = unique('latest');
    const backends = await temporaryBackends();
    const selvage = await connectSelvage({ backends });
    const results: string[] = [];
    const read = (): (() => Promise<StreamEnd>) => {
      const stopping = new AbortController();
      const source = new KafkaStreamingSource({
        topic,
        connection: 'SELVAGE_LATEST',
        format: 'text',
        from: 'latest',
      });
      const ended = runStream(source, keeping, {
        id,
        parameter: 'text',
        ...streamPlace(backends),
        signal: stopping.signal,
        onResult: (_, { value }) => results.push(value),
      });
      const stop = async (): Promise<StreamEnd> => {
        stopping.abort();
        return await ended;
      };
      onClose(async () => void (await stop().catch(() => undefined)));
      return stop;
    };
    const first = read();
    // On record before anything is read.
    await until('its places are saved', async () => {
      const { checkpoint } = await selvage.streams.status(id).catch(() => ({ checkpoint: {} }));
      return Object.keys(checkpoint).length === 2;
    });
    expect(await first()).toEqual({ reason: 'stopped', ok: 0, failed: 0 });
    const more = await withPartitions(place, topic, 3);
    await more.send(topic, ...['a', 'b', 'c'].map((value, partition) => ({ value, partition })));
    const second = read();
    await until('all three are read', () => results.length >= 3);
    expect(await second()).toEqual({ reason: 'stopped', ok: 3, failed: 0 });
    expect(results.sort()).toEqual(['a', 'b', 'c']);
  });
});
