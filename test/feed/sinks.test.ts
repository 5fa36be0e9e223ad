import path from 'node:path';
import Valkey from 'iovalkey';

import { runLocally } from '../../src';
import { openBackends } from '../../src/backends';
import { readEmitters } from '../../src/deliveries';
import type { Backends } from '../../src/ports';
import { folderForEach } from '../conformance/temporary-folder';
import { KafkaPlace } from '../support/kafka-place';
import { unique } from '../support/open-selvage';
import { Receiver } from '../support/receiver';
import { eventsOf, sample } from '../support/run-events';
import { describeWith, kafkaService, valkeyService } from '../support/services';
import { until } from '../support/until';
import { ConsumerProcess } from './consumer-process';
import type { Sink } from './consumer-program';

/**
 * Runs on record are delivered by a process that is killed when the receiver has them and the cursor does not know it; another
 * one takes over.
 */
const RUNS = ['one', 'two', 'three'];
const folder = folderForEach();
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function deliveredTwice(sink: Sink): Promise<string[]> {
  const url = `sqlite://${path.join(folder(), 'selvage.db')}`;
  const backends = await openBackends({ url });
  closing.push(() => backends.close());
  for (const runId of RUNS) await runLocally(sample, {}, { backends, runId });
  const orders = { url, received: '', leaseTtl: 1_000, sink };
  expect(await new ConsumerProcess({ ...orders, dieAt: 'before-advance' }).ended()).toBe('SIGKILL');
  expect((await readEmitters(backends))[0]!.delivered).toBe(0);
  const next = new ConsumerProcess(orders);
  closing.push(() => next.kill());
  await settled(backends);
  return (await Promise.all(RUNS.map((runId) => eventsOf(backends, runId)))).flat().map(({ id }) => id);
}

async function settled(backends: Backends): Promise<void> {
  await until('all was delivered and noted', async () => {
    const [report] = await readEmitters(backends);
    return report!.delivered > 0 && report!.lag.changes === 0;
  });
}

/** Whether a receiver has all events, and those of the process that died twice, by the same ids. */
function expectTwice(received: readonly string[], ids: readonly string[]): void {
  expect([...new Set(received)].sort()).toEqual([...ids].sort());
  expect(received.length).toBeGreaterThan(ids.length);
}

test('webhooks', async () => {
  const hook = await Receiver.open();
  closing.push(() => hook.close());
  const ids = await deliveredTwice({
    webhook: {
      url: hook.url,
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      allowPrivateNetworks: true,
      from: 'beginning',
    },
  });
  const received = hook.requests.map(({ body }) => (JSON.parse(body) as { id: string }).id);
  expectTwice(received, ids);
  const keys = hook.requests.map(({ headers }) => headers['webhook-id']);
  expect(new Set(keys).size).toBe(ids.length);
});

describeWith('kafka')('Kafka', () => {
  test('topics', async () => {
    const kafka = await KafkaPlace.open(await kafkaService());
    closing.push(() => kafka.close());
    process.env['EVENTS_KAFKA_BROKERS'] = kafka.address;
    const [topic, result] = [await kafka.topic(), await kafka.topic()];
    const ids = await deliveredTwice({
      kafka: {
        topics: { status: topic, lineage: topic, result },
        connection: 'EVENTS_KAFKA',
        from: 'beginning',
      },
    });
    const received = await kafka.readBack(topic, ids.length + 1);
    expectTwice(
      received.map(({ headers }) => headers['ce_id']!),
      ids,
    );
    const results = await kafka.readBack(result, RUNS.length * 3);
    expect(new Set(results.map(({ headers }) => headers['ce_id'])).size).toBe(RUNS.length * 3);
    expect(results.some(({ value }) => value!.includes('"value":["A"'))).toBe(true);
  });
});

describeWith('valkey')('Valkey', () => {
  test('a stream', async () => {
    const url = await valkeyService();
    process.env['EVENTS_VALKEY'] = url;
    const stream = unique('events');
    const ids = await deliveredTwice({ valkey: { stream, connection: 'EVENTS_VALKEY', from: 'beginning' } });
    const client = new Valkey(url);
    closing.push(async () => client.disconnect());
    const entries = await client.xrange(stream, '-', '+');
    expectTwice(
      entries.map(([, fields]) => fields[fields.indexOf('id') + 1]!),
      ids,
    );
  });
});
