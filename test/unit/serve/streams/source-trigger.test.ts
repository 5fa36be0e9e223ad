import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import {
  FileTailSource,
  KafkaStreamingSource,
  StreamingSourceTrigger,
  ValkeyStreamingSource,
  knot,
  tapestry,
  type AnySource,
  type CheckpointStore,
} from '../../../../src';
import { SelvageError } from '../../../../src/errors';
import { createSourceTrigger } from '../../../../src/serve/streams/source-trigger';
import type { Json } from '../../../../src/values';
import { RecordingHost } from '../../../support/trigger-host';
import { until } from '../../../support/until';

const keep = knot('keep', ({ x }: { x: number }) => x);
const keeping = tapestry('keeping', (t) => ({
  kept: keep({ x: t.parameter('x', z.number()) }, { id: 'kept' }),
}));

interface Kept {
  places: Readonly<Record<string, unknown>> | undefined;
}

function trigger(source: AnySource<{ x: number }>, kept?: Kept) {
  return createSourceTrigger(
    new StreamingSourceTrigger(source, keeping, {
      id: 'numbers',
      ...(kept && {
        checkpoint: {
          load: async () => kept.places as never,
          save: async (places) => void (kept.places = places),
        },
      }),
    }),
  );
}

const values = [1, 2, 3].map((x) => ({ x }));

test('each element is an event, with its offset as key; a source that has ended waits to be stopped', async () => {
  const host = new RecordingHost();
  const running = host.run(trigger(values));
  await until('all are delivered', () => host.delivered.length === 3);
  expect(host.delivered.map(({ key, body, link }) => [key, body, link])).toEqual(
    values.map((value, n) => [String(n + 1), value, { offset: String(n + 1) }]),
  );
  await running.stop();
});

test('places may be kept by an object of a class, and messages be read by a schema', async () => {
  class Store implements CheckpointStore {
    #places: Readonly<Record<string, Json>> | undefined;
    async load() {
      return this.#places;
    }
    async save(places: Readonly<Record<string, Json>>) {
      this.#places = places;
    }
  }
  const places = new Store();
  const running = new RecordingHost().run(
    createSourceTrigger(new StreamingSourceTrigger(values, keeping, { id: 'numbers', checkpoint: places })),
  );
  await until('the place is saved', () => places.load());
  await running.stop();
  expect(await places.load()).toEqual({ '': 3 });
  const format = z.object({ x: z.number() });
  for (const { options } of [
    new KafkaStreamingSource({ topic: 'orders', format }),
    new ValkeyStreamingSource({ stream: 'orders', format }),
  ])
    expect(options.format).toBe(format);
});

test('an element that cannot be read starts no run, which is told; those behind it do', async () => {
  const host = new RecordingHost();
  const source: AnySource<{ x: number }> = async function* () {
    yield {
      value: undefined as never,
      offset: 1,
      unreadable: { code: 'UnreadableMessage', message: 'no JSON' },
    };
    yield { value: { x: 2 }, offset: 2 };
  };
  const running = host.run(trigger(source));
  await until('the other is delivered', () => host.delivered.length > 0);
  expect(host.keys).toEqual(['2']);
  expect([host.lines, host.counts]).toEqual([['element 1 starts no run: no JSON'], { refused: 1 }]);
  await running.stop();
});

test('while the server is away, events are delivered again, and no place is saved', async () => {
  const kept: Kept = { places: undefined };
  let calls = 0;
  const host = new RecordingHost(async () => {
    if (++calls > 1) return undefined;
    expect(kept.places).toBeUndefined();
    throw new SelvageError('ServerUnreachable', 'away', { details: { away: true } });
  });
  const running = host.run(trigger([{ x: 1 }], kept));
  await until('the place is saved', () => kept.places !== undefined);
  expect([calls, host.keys]).toEqual([2, ['1']]);
  expect(host.troubles.map((trouble) => trouble?.code)).toEqual(['ServerUnreachable', undefined]);
  await running.stop();
});

test('what a source says of itself takes nothing back that is said of the server', async () => {
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'selvage-test-')), 'a.log');
  await writeFile(file, 'one\n');
  let isAway = true;
  let tries = 0;
  const host = new RecordingHost(async () => {
    tries += 1;
    if (isAway) throw new SelvageError('ServerUnreachable', 'away', { details: { away: true } });
    return undefined;
  });
  const running = host.run(trigger(new FileTailSource({ path: file, poll: 5 }) as never));
  await until('it is tried again', () => tries > 1);
  expect(host.troubles).not.toContain(undefined);
  isAway = false;
  await until('the line is delivered', () => host.delivered.length === 1);
  await running.stop();
  expect(host.troubles.at(-1)).toBeUndefined();
  await rm(path.dirname(file), { recursive: true });
});

test('places are saved one after the other: no older list takes away a partition of which something is delivered', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'selvage-test-'));
  for (const name of ['a.log', 'b.log']) await writeFile(path.join(folder, name), 'one\n');
  let begun = 0;
  let places: Readonly<Record<string, unknown>> = {};
  const unknown: unknown[] = [];
  const host = new RecordingHost(async ({ link }) => {
    if (!Object.hasOwn(places, link['partition']!)) unknown.push(link);
    return undefined;
  });
  const tail = createSourceTrigger(
    new StreamingSourceTrigger(new FileTailSource({ path: path.join(folder, '*.log') }), keeping, {
      id: 'lines',
      map: () => ({ x: 1 }),
      checkpoint: {
        load: async () => undefined,
        save: async (now) => {
          if (++begun === 2) await setTimeout(100);
          places = now;
        },
      },
    }),
  );
  const running = host.run(tail);
  await until('both are delivered', () => host.delivered.length === 2);
  expect(unknown).toEqual([]);
  await running.stop();
  await rm(folder, { recursive: true });
});
