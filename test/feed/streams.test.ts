import { Pool } from 'pg';
import { z } from 'zod';
import { addOnce } from '../../examples/log-tail/add-once';
import { KafkaStreamingSource, ValkeyStreamingSource, knot, tapestry, type AnySource } from '../../src';
import { openValkey } from '../../src/adapters/valkey';
import type { Backends } from '../../src/ports';
import { runStream, type StreamEnd } from '../../src/serve';
import { KafkaPlace } from '../support/kafka-place';
import { closeAll, onClose, temporaryBackends, unique } from '../support/open-selvage';
import { describeWith, kafkaService, postgresService, valkeyService } from '../support/services';
import { until } from '../support/until';
import { streamPlace } from '../support/stream-place';

const double = knot('double', ({ x }: { x: number }) => x * 2);
const doubling = tapestry('doubling', (t) => ({
  y: double({ x: t.parameter('x', z.number()) }, { id: 'y' }),
}));

afterEach(closeAll);

interface Given {
  readonly source: AnySource<unknown>;
  readonly id: string;
  readonly backends: Backends;
  readonly batch?: number;
}

interface Reading {
  readonly results: unknown[];
  readonly dead: string[];
  stop(): Promise<StreamEnd>;
}

function read({ source, id, backends, batch = 1 }: Given): Reading {
  const stopping = new AbortController();
  const results: unknown[] = [];
  const dead: string[] = [];
  const ended = runStream(source, doubling, {
    id,
    parameter: 'x',
    batch,
    ...streamPlace(backends),
    signal: stopping.signal,
    onResult: ({ values }) => results.push(values.y),
    onDeadLetter: ({ error }) => dead.push(error.code),
  });
  const stop = (): Promise<StreamEnd> => {
    stopping.abort();
    return ended;
  };
  onClose(async () => void (await stop()));
  return { results, dead, stop };
}

const sorted = (results: readonly unknown[]): unknown[] => [...results].sort((a, b) => Number(a) - Number(b));

describeWith('kafka')('a topic with two partitions', () => {
  test.each([1, 8])('is read on by the next process, and nothing twice; batches of %i', async (batch) => {
    const place = await KafkaPlace.open(await kafkaService());
    onClose(() => place.close());
    process.env['SELVAGE_STREAM_TEST_BROKERS'] = place.address;
    const topic = await place.topic(2);
    const given: Given = {
      source: new KafkaStreamingSource({ topic, connection: 'SELVAGE_STREAM_TEST' }),
      id: unique('topic'),
      backends: await temporaryBackends(),
      batch,
    };
    const send = async (...numbers: readonly number[]): Promise<void> =>
      await place.send(topic, ...numbers.map((x) => ({ key: String(x), value: JSON.stringify(x) })));
    await send(1, 2, 3, 4, 5);
    await place.send(topic, { key: 'bad', value: 'no json' });
    const first = read(given);
    await until('all are read', () => first.results.length === 5 && first.dead.length === 1);
    expect(sorted(first.results)).toEqual([2, 4, 6, 8, 10]);
    expect(first.dead).toEqual(['UnreadableMessage']);
    expect(await first.stop()).toEqual({ reason: 'stopped', ok: 5, failed: 1 });
    await send(6, 7);
    const second = read(given);
    await until('the rest is read', () => second.results.length >= 2);
    expect(await second.stop()).toEqual({ reason: 'stopped', ok: 7, failed: 1 });
    expect(sorted(second.results)).toEqual([12, 14]);
    expect(second.dead).toEqual([]);
  });
});

describeWith('kafka')('a topic that is deleted and made again', () => {
  test('is read from its beginning by the next process', async () => {
    const place = await KafkaPlace.open(await kafkaService());
    onClose(() => place.close());
    process.env['SELVAGE_STREAM_TEST_BROKERS'] = place.address;
    const topic = await place.topic();
    const given: Given = {
      source: new KafkaStreamingSource({ topic, connection: 'SELVAGE_STREAM_TEST' }),
      id: unique('again'),
      backends: await temporaryBackends(),
    };
    await place.send(topic, ...[1, 2, 3].map((x) => ({ value: JSON.stringify(x) })));
    const first = read(given);
    await until('all are read', () => first.results.length === 3);
    await first.stop();
    await place.admin.deleteTopics({ topics: [topic] });
    await until('it is gone', async () => !(await place.admin.listTopics()).includes(topic));
    await place.topic(1, topic);
    const again = await KafkaPlace.open(place.address);
    onClose(() => again.close());
    await again.send(topic, { value: '4' }, { value: '5' });
    const second = read(given);
    await until('the new ones are read', () => second.results.length >= 2);
    expect(await second.stop()).toEqual({ reason: 'stopped', ok: 5, failed: 0 });
    expect(sorted(second.results)).toEqual([8, 10]);
  });
});

describeWith('postgres')('a result that comes twice', () => {
  test('has its effect in PostgreSQL once', async () => {
    const pool = new Pool({ connectionString: await postgresService(), max: 4 });
    onClose(() => pool.end());
    const schema = unique('once').replaceAll('-', '_');
    pool.on('connect', (client) => void client.query(`set search_path to ${schema}`));
    await pool.query(`create schema ${schema}`);
    onClose(async () => void (await pool.query(`drop schema ${schema} cascade`)));
    await pool.query('create table seen_runs (run_id text primary key)');
    await pool.query('create table totals (cents bigint not null)');
    await pool.query('insert into totals values (0)');
    const results = [1, 2, 3].map((cents) => ({ runId: `run-${cents}`, values: { cents } }));
    await Promise.all([...results, ...results].map((result) => addOnce(pool, result)));
    for (const result of results) await addOnce(pool, result);
    expect((await pool.query('select cents from totals')).rows).toEqual([{ cents: '6' }]);
  });
});

describeWith('valkey')('a Valkey stream', () => {
  test('has an entry for which the schema throws, which is a dead letter', async () => {
    const url = await valkeyService();
    process.env['SELVAGE_STREAM_TEST'] = url;
    const connection = await openValkey({ url });
    onClose(() => connection.close());
    const stream = unique('entries');
    for (const x of [1, 13, 2]) await connection.command('xadd', stream, '*', 'data', JSON.stringify(x));
    const format = z.number().transform((x) => {
      if (x === 13) throw new Error('unlucky');
      return x;
    });
    const reading = read({
      source: new ValkeyStreamingSource({ stream, connection: 'SELVAGE_STREAM_TEST', format }),
      id: unique('entries'),
      backends: await temporaryBackends(),
    });
    await until('all are read', () => reading.results.length === 2 && reading.dead.length === 1);
    expect(reading.dead).toEqual(['UnreadableEvent']);
    expect(await reading.stop()).toEqual({ reason: 'stopped', ok: 2, failed: 1 });
  });

  test('is read on by the next process, and what is finished is removed if wanted', async () => {
    const url = await valkeyService();
    process.env['SELVAGE_STREAM_TEST'] = url;
    const connection = await openValkey({ url });
    onClose(() => connection.close());
    const stream = unique('entries');
    const add = async (x: number): Promise<void> =>
      void (await connection.command('xadd', stream, '*', 'data', JSON.stringify(x)));
    const given: Given = {
      source: new ValkeyStreamingSource({ stream, connection: 'SELVAGE_STREAM_TEST', trim: true }),
      id: unique('entries'),
      backends: await temporaryBackends(),
    };
    for (const x of [1, 2, 3]) await add(x);
    await connection.command('xadd', stream, '*', 'other', 'x');
    const first = read(given);
    await until('all are read', () => first.results.length === 3 && first.dead.length === 1);
    expect(first.dead).toEqual(['UnreadableEvent']);
    expect(await first.stop()).toEqual({ reason: 'stopped', ok: 3, failed: 1 });
    expect(await connection.command('xlen', stream)).toBe(1);
    await add(4);
    const second = read(given);
    await until('the rest is read', () => second.results.length >= 1);
    expect(await second.stop()).toEqual({ reason: 'stopped', ok: 4, failed: 1 });
    expect(second.results).toEqual([8]);
  });
});
