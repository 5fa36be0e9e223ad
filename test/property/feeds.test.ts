import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { z } from 'zod';
import {
  FileTailSource,
  IterableSource,
  StreamingSourceTrigger,
  knot,
  tapestry,
  type AnySource,
  type StreamElement,
} from '../../src';
import { SelvageError } from '../../src/errors';
import { createSourceTrigger } from '../../src/serve/streams/source-trigger';
import type { Acceptance, TriggerEvent } from '../../src/triggers';
import type { Json } from '../../src/values';
import { runs } from '../support/thorough';
import { RecordingHost } from '../support/trigger-host';

const keep = knot('keep', ({ line }: { line: string }) => line);
const keeping = tapestry('keeping', (t) => ({
  kept: keep({ line: t.parameter('line', z.string()) }, { id: 'kept' }),
}));

const FAILS = 'the source fails, as it is meant to';

type Places = Readonly<Record<string, Json>>;

/** What is read, to which the test adds. Each value says of which partition it is, and its number in it: `2:17`. */
interface Feed {
  add(partition: number, values: readonly string[]): void;
  open(life: Life): AnySource<string>;
  /** How many elements of which partition are finished by a place; undefined: it is none of elements. */
  finished(name: string, place: Json): readonly [partition: number, elements: number] | undefined;
}

class InMemory implements Feed {
  readonly #values: string[][] = [[], [], []];

  add(partition: number, values: readonly string[]): void {
    this.#values[partition]!.push(...values);
  }

  /** Its partitions take turns, in another order each time; it fails after so many elements. */
  open({ failsAfter }: Life): AnySource<string> {
    const all = this.#values;
    return async function* (_, { checkpoint }): AsyncGenerator<StreamElement<string>> {
      let count = 0;
      const at = all.map((_values, partition) => Number(checkpoint.get(`p${partition}`) ?? 0));
      for (let next = failsAfter; at.some((place, partition) => place < all[partition]!.length); next++) {
        const partition = next % all.length;
        const value = all[partition]![at[partition]!];
        if (value === undefined) continue;
        if (count++ === failsAfter) throw new Error(FAILS);
        yield { value, offset: (at[partition]! += 1), partition: `p${partition}` };
      }
    };
  }

  finished(name: string, place: Json): readonly [number, number] {
    return [Number(name.slice(1)), Number(place)];
  }
}

class InFiles implements Feed {
  constructor(private readonly folder: string) {}

  add(partition: number, values: readonly string[]): void {
    appendFileSync(this.#file(partition), values.map((value) => `${value}\n`).join(''));
  }

  open(): AnySource<string> {
    return new FileTailSource({ path: path.join(this.folder, '*.log'), poll: 2 });
  }

  finished(name: string, place: Json): readonly [number, number] | undefined {
    if (name === '') return undefined;
    const { path: file, at } = place as { readonly path: string; readonly at: number };
    const lines = readFileSync(file).subarray(0, at).toString().split('\n');
    // Places are between lines.
    expect(lines.at(-1)).toBe('');
    return [Number(path.parse(file).name), lines.length - 1];
  }

  #file(partition: number): string {
    return path.join(this.folder, `${partition}.log`);
  }
}

class InList implements Feed {
  readonly #values: string[] = [];

  add(_partition: number, values: readonly string[]): void {
    this.#values.push(...values);
  }

  open(): AnySource<string> {
    return new IterableSource([...this.#values]);
  }

  finished(name: string, place: Json): readonly [number, number] {
    // Places that are saved in databases have this name.
    expect(name).toBe('');
    return [0, Number(place)];
  }
}

/** One process that reads, from its start until it is stopped, dies, or its source fails. */
interface Life {
  /** How many elements are added before it begins, by partition. */
  readonly added: readonly number[];
  /** In which call of the host it dies, and whether the ledger has the events then. Null: it is stopped when all are there. */
  readonly dies: { readonly call: number; readonly isClaimed: boolean } | null;
  /** How many turns of the event loop each save takes. */
  readonly saves: readonly number[];
  /** Whether saves that are under way when it dies take effect all the same. */
  readonly isSavedLate: boolean;
  readonly failsAfter: number;
}

const LIFE: fc.Arbitrary<Life> = fc.record({
  added: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 3, maxLength: 3 }),
  dies: fc.option(fc.record({ call: fc.integer({ min: 1, max: 6 }), isClaimed: fc.boolean() }), { freq: 4 }),
  saves: fc.array(fc.constantFrom(0, 3, 30), { minLength: 1, maxLength: 4 }),
  isSavedLate: fc.boolean(),
  failsAfter: fc.integer({ min: 0, max: 20 }),
});

/** What outlives a process: the start ledger, and the places that were saved. */
class World {
  places: Places | undefined;
  /** How many elements of each partition have started their runs: all up to there. */
  readonly started = [0, 0, 0];
  readonly total = [0, 0, 0];
  readonly #values = new Map<string, unknown>();
  /** How many elements of each partition a process need not read that begins now. */
  #finished = [0, 0, 0];

  constructor(private readonly feed: Feed) {}

  begin(): void {
    this.#finished = this.#finishedBy(this.places ?? {});
  }

  add(counts: readonly number[], partitions: number): void {
    for (const [partition, count] of counts.slice(0, partitions).entries()) {
      const from = this.total[partition]!;
      const values = Array.from({ length: count }, (_, index) => `${partition}:${from + index + 1}`);
      if (count > 0) this.feed.add(partition, values);
      this.total[partition]! += count;
    }
  }

  /** An element comes by the same key each time, and the next one only when those before it have come. */
  claim(events: readonly TriggerEvent[]): void {
    for (const { key, body } of events) {
      const isNew = !this.#values.has(key);
      if (isNew) this.#values.set(key, body);
      expect(body).toBe(this.#values.get(key));
      const [partition, number] = (body as string).split(':').map(Number) as [number, number];
      if (isNew) expect(number).toBe((this.started[partition]! += 1));
      expect(number).toBeGreaterThan(this.#finished[partition]!);
    }
  }

  /** No place is past an element that has not started its run, and none goes back. */
  save(places: Places): void {
    const before = this.#finishedBy(this.places ?? {});
    for (const [partition, count] of this.#finishedBy(places).entries()) {
      expect(count).toBeLessThanOrEqual(this.started[partition]!);
      expect(count).toBeGreaterThanOrEqual(before[partition]!);
    }
    this.places = places;
  }

  get isStarted(): boolean {
    return this.started.join() === this.total.join();
  }

  get isSaved(): boolean {
    return this.#finishedBy(this.places ?? {}).join() === this.total.join();
  }

  #finishedBy(places: Places): number[] {
    const counts = [0, 0, 0];
    for (const [name, place] of Object.entries(places)) {
      const [partition, elements] = this.feed.finished(name, place) ?? [0, counts[0]!];
      counts[partition] = elements;
    }
    return counts;
  }
}

class MortalHost extends RecordingHost {
  isDead = false;
  #calls = 0;

  constructor(
    private readonly world: World,
    private readonly life: Life,
    private readonly die: () => void,
  ) {
    super();
  }

  override accept = async (events: readonly TriggerEvent[]): Promise<Acceptance[]> => {
    const { dies } = this.life;
    const isLast = ++this.#calls === dies?.call;
    if (!this.isDead && (!isLast || dies?.isClaimed)) this.world.claim(events);
    if (isLast) this.isDead = true;
    if (!this.isDead) return events.map(({ key }) => ({ status: 'started', runId: key }));
    this.die();
    throw new SelvageError('ServerUnreachable', 'as it is dead', { details: { away: true } });
  };
}

async function live(feed: Feed, world: World, life: Life): Promise<void> {
  const host: MortalHost = new MortalHost(world, life, () => void running.stop());
  let saves = 0;
  let saving = 0;
  const problems: unknown[] = [];
  const trigger = createSourceTrigger(
    new StreamingSourceTrigger(feed.open(life), keeping, {
      id: 'fed',
      map: (line) => ({ line }),
      checkpoint: {
        load: async () => world.places,
        save: async (places) => {
          saving += 1;
          for (let left = life.saves[saves++ % life.saves.length]!; left > 0; left--) await turn();
          try {
            if (!host.isDead || life.isSavedLate) world.save(places);
          } catch (error) {
            problems.push(error);
          }
          saving -= 1;
        },
      },
    }),
  );
  const running = host.run(trigger);
  let isOver = false;
  const ended = running.ended.then(
    () => (isOver = true),
    (error: unknown) => {
      isOver = true;
      if ((error as Error).message !== FAILS) problems.push(error);
    },
  );
  while (!isOver && !(world.isStarted && world.isSaved)) await turn();
  await running.stop().catch(() => undefined);
  await ended;
  while (saving > 0) await turn();
  expect(problems).toEqual([]);
}

/** Whatever is added, whoever dies when, and however late places are saved: all start one run each, in their order. */
async function expectAll(make: () => Feed, partitions: number, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(LIFE, { minLength: 1, maxLength: 5 }), LIFE, async (lives, last) => {
      const feed = make();
      const world = new World(feed);
      for (const life of [...lives, { ...last, dies: null, failsAfter: 1_000 }]) {
        world.add(life.added, partitions);
        world.begin();
        await live(feed, world, life);
      }
      expect(world.started).toEqual(world.total);
      expect(world.isSaved).toBe(true);
    }),
    { numRuns },
  );
}

test('a source of one’s own with partitions, which fails now and then', async () => {
  await expectAll(() => new InMemory(), 3, runs(40, 2_000));
});

test('a list that is read from its beginning again', async () => {
  await expectAll(() => new InList(), 1, runs(60, 1_000));
});

test('files', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'selvage-test-'));
  let count = 0;
  const make = (): Feed => {
    const own = path.join(folder, String(count++));
    mkdirSync(own);
    return new InFiles(own);
  };
  await expectAll(make, 3, runs(15, 300));
  await rm(folder, { recursive: true });
});
