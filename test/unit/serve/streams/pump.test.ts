import fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { z } from 'zod';
import { knot, stream, tapestry, type StreamOptions } from '../../../../src';
import { SelvageError } from '../../../../src/errors';
import { requireStorableText } from '../../../../src/ports/parts/not-storable';
import { Pump } from '../../../../src/serve/streams/pump';
import type { Unit, UnitClaim, UnitRuns } from '../../../../src/serve/streams/unit';
import { keyOfOffset, openIterable, type PartitionedFeed, type StreamElement } from '../../../../src/streams';
import type { PumpEnd, StreamCheckpoint } from '../../../../src/workflows/messages';
import { Latch } from '../../../support/latch';
import { rejectionOf } from '../../../support/rejection-of';
import { until } from '../../../support/until';

const keep = knot('keep', ({ x }: { x: number }) => x);
const keeping = tapestry('keeping', (t) => ({
  kept: keep({ x: t.parameter('x', z.number()) }, { id: 'kept' }),
}));
const NOTHING: StreamCheckpoint = { number: 0, partitions: {}, counts: { ok: 0, dead: 0 } };
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Runs that end when a test says so. Claims are kept as the start ledger keeps them, for one pump after the other. */
class Runs implements UnitRuns {
  readonly claimed = new Map<string, number>();
  readonly lasts = new Map<string, string>();
  /** The values of each unit whose run was asked for, in order. */
  readonly asked: number[][] = [];
  /** Those values by the key of their unit, each as often as it was asked for. */
  readonly byKey = new Map<string, number[][]>();
  readonly #ends = new Map<number, Latch>();

  constructor(
    private readonly waits: readonly number[] = [],
    private readonly fails: readonly number[] = [],
    /** The elements of a unit are one list. */
    private readonly gathers = false,
  ) {
    for (const value of waits) this.#ends.set(value, new Latch());
  }

  end(value: number): void {
    this.#ends.get(value)!.open();
  }

  async refusalOf({ unreadable }: StreamElement) {
    return unreadable;
  }

  async claim(units: readonly Unit[]): Promise<UnitClaim[]> {
    return units.map(({ key, elements, refusal }) => {
      const known = this.claimed.get(key);
      this.claimed.set(key, known ?? elements.length);
      if (known === undefined) this.lasts.set(key, keyOfOffset(elements.at(-1)!.offset));
      return {
        inserted: known === undefined,
        elements: known ?? elements.length,
        ...(this.lasts.has(key) && { last: this.lasts.get(key)! }),
        ...(refusal && { refusal }),
      };
    });
  }

  async lastsOfClaims() {
    return new Set(this.lasts.values());
  }

  async run({ key, elements }: Unit, { refusal }: UnitClaim) {
    const values = elements.map(({ value }) => value as number);
    this.asked.push(values);
    this.byKey.set(key, [...(this.byKey.get(key) ?? []), values]);
    const waited = this.waits.find((value) => values.includes(value));
    if (waited !== undefined) await this.#ends.get(waited)!.passed;
    return (this.gathers ? elements.slice(-1) : elements).map((element) => {
      const error = refusal ?? (this.fails.includes(element.value as number) ? FAILED : undefined);
      if (error) return { element, letter: { runId: key, error } };
      return { element, result: { runId: key, values: { kept: element.value } } };
    });
  }
}

const FAILED = { code: 'Error', message: 'it fails, as it is meant to' };

interface Pumping {
  readonly pump: Pump;
  readonly results: number[];
  readonly ended: Promise<PumpEnd>;
}

function pumping(
  runs: Runs,
  options: Partial<StreamOptions<number>> = {},
  {
    source = upTo(6),
    checkpoint = NOTHING,
  }: { source?: PartitionedFeed; checkpoint?: StreamCheckpoint } = {},
): Pumping {
  const results: number[] = [];
  const declaration = stream([0], keeping, {
    id: 'tried',
    parameter: 'x',
    onResult: (_, { value }) => void results.push(value),
    ...options,
  });
  const pump = new Pump({
    declaration,
    source,
    runs,
    checkpoint,
    logger: silent,
    save: async () => undefined,
  });
  const ended = pump.run();
  ended.catch(() => undefined);
  return { pump, results, ended };
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
const upTo = (count: number): PartitionedFeed => openIterable({ iterate: () => numbers(count) });

test('the checkpoint is the last element up to which all are finished, with those beyond it', async () => {
  const runs = new Runs([3]);
  const { pump, results, ended } = pumping(runs);
  await until('all others are finished', () => results.length === 5);
  expect(pump.checkpoint().partitions).toEqual({
    '': {
      after: 2,
      done: [
        ['4', 1],
        ['5', 1],
        ['6', 1],
      ],
    },
  });
  runs.end(3);
  expect(await ended).toMatchObject({ why: 'ended', checkpoint: { partitions: { '': { after: 6 } } } });
});

test('the next pump takes up what is not finished, and nothing else', async () => {
  const runs = new Runs([3]);
  const first = pumping(runs);
  await until('all others are finished', () => first.results.length === 5);
  const checkpoint = first.pump.checkpoint();
  first.pump.kill();
  // Also while a run goes on that may never end.
  await expect(first.ended).rejects.toThrow('goes on elsewhere');
  const next = new Runs();
  for (const [key, count] of runs.claimed) next.claimed.set(key, count);
  const second = pumping(next, {}, { checkpoint });
  expect(await second.ended).toMatchObject({ checkpoint: { counts: { ok: 6, dead: 0 } } });
  expect([second.results, next.asked]).toEqual([[3], [[3]]]);
});

test('with order "all", results come in the order of the source, although runs do not', async () => {
  const runs = new Runs([1]);
  const { results, ended } = pumping(runs, { order: 'all' });
  await until('all runs were asked for', () => runs.asked.length === 6);
  expect(results).toEqual([]);
  runs.end(1);
  await ended;
  expect(results).toEqual(numbers(6));
});

test('with order by key, the next run of a key begins when the result before it is delivered', async () => {
  const runs = new Runs([1]);
  const delivered: number[] = [];
  const held = new Latch();
  const { ended } = pumping(runs, {
    key: (value) => String(value % 2),
    onResult: async (_, { value }) => {
      if (value === 1) await held.passed;
      delivered.push(value);
    },
  });
  await until('the others are delivered', () => delivered.length === 3);
  runs.end(1);
  await until('the first result is being delivered', () => runs.asked.length === 4);
  expect([delivered, runs.asked.flat()]).toEqual([
    [2, 4, 6],
    [1, 2, 4, 6],
  ]);
  held.open();
  await ended;
  expect(delivered.slice(3)).toEqual([1, 3, 5]);
});

test('no more runs than "concurrency" are in progress, and the source is read as fast as they end', async () => {
  let read = 0;
  const source = openIterable({
    async *iterate() {
      for (const value of numbers(100)) {
        read = value;
        yield value;
      }
    },
  });
  const runs = new Runs(numbers(4));
  const { ended } = pumping(runs, { concurrency: 4 }, { source });
  await until('as many are in progress as may be', () => runs.asked.length === 4);
  expect(read).toBeLessThanOrEqual(9);
  for (const value of numbers(4)) runs.end(value);
  await ended;
  expect(runs.asked).toHaveLength(100);
});

test('a batch of which the source has lost elements since: the others are of it no more, but for the first', async () => {
  const source: PartitionedFeed = {
    async *read() {
      yield [1, 3, 4, 5, 6].map((value) => ({ value, offset: value }));
    },
  };
  for (const batch of [1, 4]) {
    const runs = new Runs();
    runs.claimed.set('1', 4).set('5', 2);
    runs.lasts.set('1', '4').set('5', '6');
    const { ended } = pumping(runs, { batch, concurrency: 1, linger: 0 }, { source });
    expect((await ended).checkpoint.counts).toEqual({ ok: 5, dead: 0 });
    expect(runs.asked[0]).toEqual([1]);
    expect(runs.asked.flat()).toEqual([1, 3, 4, 5, 6]);
  }
});

const only = (...values: readonly number[]): PartitionedFeed => ({
  async *read() {
    yield values.map((value) => ({ value, offset: value }));
  },
});

test('a done batch of which the source has lost elements passes over none behind it', async () => {
  const checkpoint: StreamCheckpoint = { ...NOTHING, partitions: { '': { done: [['1', 4, '4']] } } };
  for (const batch of [1, 2]) {
    const runs = new Runs();
    const { ended } = pumping(runs, { batch, linger: 0 }, { source: only(1, 3, 4, 5, 6), checkpoint });
    expect((await ended).checkpoint.gaps).toBeUndefined();
    expect(runs.asked.flat()).toEqual([5, 6]);
  }
  const runs = new Runs();
  const { ended } = pumping(runs, {}, { source: only(1, 3, 5, 6), checkpoint });
  expect((await ended).checkpoint.gaps).toMatchObject({ count: 1, newest: [{ after: 'the element 1' }] });
  expect(runs.asked.flat()).toEqual([3, 5, 6]);
});

test('elements that start a second run, as the source has lost others of their batch, are told', async () => {
  for (const [values, gap] of [
    [[3, 4, 5], { before: 'the element 4' }],
    [[1, 3, 4, 5], { before: 'the element 4' }],
    [[1, 2, 3, 5], { after: 'the element 1' }],
    [[1, 2, 3, 4, 5], undefined],
  ] as const) {
    const runs = new Runs();
    runs.claimed.set('1', 4);
    runs.lasts.set('1', '4');
    const { ended } = pumping(runs, { batch: 4, linger: 0 }, { source: only(...values) });
    const { gaps } = (await ended).checkpoint;
    expect(gaps?.newest[0]).toEqual(gap && expect.objectContaining(gap));
    expect(gaps?.count ?? 0).toBe(gap ? 1 : 0);
  }
});

test('a batch of elements with a key ends where a key comes again', async () => {
  const runs = new Runs();
  await pumping(runs, { batch: 4, key: (value) => String(value % 3) }).ended;
  expect(runs.asked).toEqual([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
});

test('a list is one parameter, and counts as many as it has', async () => {
  const runs = new Runs([], [], true);
  const { ended } = pumping(runs, { gather: 4, parameter: 'x' });
  expect(await ended).toMatchObject({ checkpoint: { counts: { ok: 6, dead: 0 } } });
  expect(runs.asked).toEqual([
    [1, 2, 3, 4],
    [5, 6],
  ]);
});

test('elements of a batch are counted when the checkpoint is behind them, and not before', async () => {
  const mayEnd = new Latch();
  const heard: number[] = [];
  const options: Partial<StreamOptions<number>> = {
    batch: 2,
    onResult: async (_, { value }) => {
      heard.push(value);
      if (value === 2) await mayEnd.passed;
    },
  };
  const { pump, ended } = pumping(new Runs(), options, { source: upTo(2) });
  await until('half of the batch is delivered', () => heard.length === 2);
  const cut = pump.checkpoint();
  mayEnd.open();
  expect((await ended).checkpoint.counts).toEqual({ ok: 2, dead: 0 });
  const { ended: again } = pumping(new Runs(), {}, { source: upTo(2), checkpoint: cut });
  expect((await again).checkpoint.counts).toEqual({ ok: 2, dead: 0 });
});

test('onResult is called until it succeeds, and what holds it up is told', async () => {
  let calls = 0;
  const { pump, ended } = pumping(
    new Runs(),
    {
      onResult: () => {
        if (++calls < 3) throw new Error('the sink is away');
      },
    },
    { source: upTo(1) },
  );
  const told = await until('it is told', () => pump.state('one').trouble);
  expect(told).toBe('cannot deliver a result (onResult): the sink is away');
  expect(await ended).toMatchObject({ checkpoint: { counts: { ok: 1, dead: 0 } } });
  expect([calls, pump.state('one').trouble]).toEqual([3, undefined]);
});

/** Four elements, the second of which cannot be read. */
const oneUnreadable: PartitionedFeed = {
  async *read() {
    for (const value of numbers(4)) {
      const offset = String(value);
      yield value === 2
        ? { value: undefined, offset, unreadable: { code: 'UnreadableMessage', message: 'no JSON' } }
        : { value, offset };
    }
  },
};

test('an element whose run fails is a dead letter, and so is one that cannot be read; the stream goes on', async () => {
  const letters: [string, string][] = [];
  const { results, ended } = pumping(
    new Runs([], [3]),
    { onDeadLetter: ({ error }, { offset }) => void letters.push([keyOfOffset(offset), error.code]) },
    { source: oneUnreadable },
  );
  expect(await ended).toMatchObject({
    checkpoint: { counts: { ok: 2, dead: 2 }, partitions: { '': { after: '4' } } },
  });
  expect([letters.sort(), results.sort()]).toEqual([
    [
      ['2', 'UnreadableMessage'],
      ['3', 'Error'],
    ],
    [1, 4],
  ]);
});

test('an element that cannot be read, or for which "key" throws, is a dead letter with order by key, too', async () => {
  const key = (value: number): string => {
    if (value === 3) throw new Error('no key');
    return value.toFixed();
  };
  for (const batch of [1, 4]) {
    const letters: string[] = [];
    const deadLetter: StreamOptions['onDeadLetter'] = ({ error }) => void letters.push(error.message);
    const { ended, results } = pumping(
      new Runs(),
      { key, onDeadLetter: deadLetter, batch },
      { source: oneUnreadable },
    );
    expect((await ended).checkpoint.counts).toEqual({ ok: 2, dead: 2 });
    expect(letters.sort()).toEqual(['no JSON', 'the option "key" throws: no key']);
    expect(results.sort()).toEqual([1, 4]);
  }
});

test('what holds one part up is told until that part goes on, whatever the others do', async () => {
  const source: PartitionedFeed = {
    async *read(_, { trouble }) {
      yield { value: 1, offset: 1 };
      await until('the sink has failed', () => calls > 0);
      trouble(undefined);
      yield { value: 2, offset: 2 };
    },
  };
  const [mayEnd, other] = [new Latch(), new Latch()];
  let calls = 0;
  const onResult = async (_: unknown, { value }: { readonly value: number }): Promise<void> => {
    if (value === 2) return other.open();
    if (++calls < 2) throw new Error('the sink is away');
    await mayEnd.passed;
  };
  const { pump, ended } = pumping(new Runs(), { onResult }, { source });
  await other.passed;
  expect(pump.state('one').trouble).toBe('cannot deliver a result (onResult): the sink is away');
  mayEnd.open();
  await ended;
  expect(pump.state('one').trouble).toBeUndefined();
});

test('a partition with few elements has its turn while another always has many', async () => {
  const many = numbers(40);
  const source: PartitionedFeed = {
    async *read() {
      yield many.slice(0, 8).map((value) => ({ value, offset: value, partition: 'busy' }));
      yield { value: 100, offset: 1, partition: 'quiet' };
      for (let at = 8; at < many.length; at += 8)
        yield many.slice(at, at + 8).map((value) => ({ value, offset: value, partition: 'busy' }));
    },
  };
  const runs = new Runs();
  await pumping(runs, { batch: 4, concurrency: 4, linger: 0 }, { source }).ended;
  expect(runs.asked.findIndex(([value]) => value === 100)).toBeLessThan(4);
});

test('an offset that no ledger can hold ends the stream, by whose fault', async () => {
  const runs = new (class extends Runs {
    override async claim(units: readonly Unit[]): Promise<UnitClaim[]> {
      for (const { key } of units) requireStorableText(key, 'SQLite', { key });
      return await super.claim(units);
    }
  })();
  const source: PartitionedFeed = {
    async *read() {
      yield { value: 1, offset: 'fine' };
      yield { value: 2, offset: 'nul \0' };
    },
  };
  const { ended, results } = pumping(runs, {}, { source });
  expect(await rejectionOf(ended)).toMatchObject({ code: 'NotStorable', details: { key: 'nul \0' } });
  expect(results).toEqual([1]);
});

test('a stream that stops at a failure keeps its place before it', async () => {
  const { pump, results, ended } = pumping(new Runs([], [3]), { onFailure: 'stop', order: 'all' });
  const error = await rejectionOf(ended);
  expect(SelvageError.is(error, 'StreamStopped')).toBe(true);
  expect(results).toEqual([1, 2]);
  expect(pump.checkpoint().partitions['']).toMatchObject({ after: 2 });
});

test('a stream that stops at a failure begins no further run of its key', async () => {
  const runs = new Runs([1, 2], [1]);
  const { results, ended } = pumping(runs, { onFailure: 'stop', key: (value) => String(value % 2) });
  await until('the first of each key are in progress', () => runs.asked.length === 2);
  runs.end(1);
  runs.end(2);
  expect(SelvageError.is(await rejectionOf(ended), 'StreamStopped')).toBe(true);
  expect(runs.asked.flat()).not.toContain(3);
  expect(results).not.toContain(3);
});

test('told to stop, it finishes what it has read', async () => {
  const runs = new Runs([1]);
  const source = openIterable({
    async *iterate() {
      yield* numbers(3);
      await new Promise(() => undefined);
    },
  });
  const { pump, results, ended } = pumping(runs, {}, { source });
  await until('all that was read is asked for', () => runs.asked.length === 3);
  pump.stop();
  runs.end(1);
  expect(await ended).toMatchObject({ why: 'stopped', checkpoint: { partitions: { '': { after: 3 } } } });
  expect(results.sort()).toEqual([1, 2, 3]);
});

test('what a partition had is forgotten when it is finished and has ended', async () => {
  const source: PartitionedFeed = {
    async *read() {
      yield { value: 1, offset: 1, partition: 'a' };
      yield { value: 2, offset: 1, partition: 'b' };
      yield { endOf: 'a' };
    },
  };
  const { ended } = pumping(new Runs(), {}, { source });
  expect((await ended).checkpoint.partitions).toEqual({ b: { after: 1 } });
});

test('an error of the source ends it, once all that came before is finished or given up', async () => {
  const source: PartitionedFeed = {
    async *read() {
      yield { value: 1, offset: 1 };
      throw new Error('the file is no file');
    },
  };
  const { ended } = pumping(new Runs(), {}, { source });
  await expect(ended).rejects.toThrow('the file is no file');
});

/** One process that reads, and is killed. */
interface Life {
  readonly batch: number;
  readonly concurrency: number;
  readonly order: 'none' | 'all' | 'key';
  /** How many elements of a partition come at once, and of which: taken in turns. */
  readonly turns: readonly { readonly partition: number; readonly count: number }[];
  /** Rests of values, divided by ten, whose runs do not end in this life. */
  readonly waits: readonly number[];
  /** After how many turns the source fails. */
  readonly fails: number | null;
  /** After how many results its last checkpoint is taken. */
  readonly saved: number;
}

const LIFE: fc.Arbitrary<Life> = fc.record({
  batch: fc.constantFrom(1, 2, 4),
  concurrency: fc.integer({ min: 1, max: 5 }),
  order: fc.constantFrom('none', 'all', 'key'),
  turns: fc.array(
    fc.record({ partition: fc.integer({ min: 0, max: 2 }), count: fc.integer({ min: 1, max: 5 }) }),
    { minLength: 1, maxLength: 8 },
  ),
  waits: fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { maxLength: 4 }),
  fails: fc.option(fc.integer({ min: 0, max: 10 })),
  saved: fc.integer({ min: 0, max: 20 }),
});

/** The elements of several partitions, interleaved. Values are of one partition if they have the same hundreds. */
function interleaved(sizes: readonly number[], { turns, fails }: Life): PartitionedFeed {
  return {
    async *read(after) {
      const rest = sizes.map((size, partition) => {
        const from = (after.get(`p${partition}`) ?? 0) as number;
        return numbers(size)
          .slice(from)
          .map((offset) => ({ value: 100 * partition + offset, offset, partition: `p${partition}` }));
      });
      for (let at = 0; rest.some(({ length }) => length > 0); at++) {
        if (at === fails) throw new Error('the source fails, as it is meant to');
        const { partition, count } = turns[at % turns.length]!;
        const of = rest[partition]?.length ? partition : rest.findIndex(({ length }) => length > 0);
        yield rest[of]!.splice(0, count);
      }
    },
  };
}

test('however processes are killed, and whatever they are told anew: each element is in one unit, and counted once', async () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(
      sizes,
      fc.array(LIFE, { minLength: 1, maxLength: 4 }),
      LIFE,
      async (counts, lives, last) => {
        const all = counts.flatMap((size, partition) =>
          numbers(size).map((offset) => 100 * partition + offset),
        );
        const claimed = new Map<string, number>();
        const lasts = new Map<string, string>();
        const units = new Map<string, number[][]>();
        const delivered = new Set<number>();
        let checkpoint = NOTHING;
        const live = async (life: Life, isLast: boolean): Promise<void> => {
          const runs = new Runs(isLast ? [] : all.filter((value) => life.waits.includes(value % 10)));
          for (const [key, count] of claimed) runs.claimed.set(key, count);
          for (const [key, last] of lasts) runs.lasts.set(key, last);
          let progress = 0;
          let saved: StreamCheckpoint = { ...checkpoint, number: checkpoint.number + 1 };
          const { batch, concurrency, order } = life;
          const onResult = (_: unknown, { value }: { readonly value: number }): void => {
            delivered.add(value);
            if (++progress <= life.saved) saved = pump.checkpoint();
          };
          const key = (value: number): string => String(value % 3);
          const options = { batch, concurrency, order, linger: 0, onResult, ...(order === 'key' && { key }) };
          const { pump, ended } = pumping(runs, options, { source: interleaved(counts, life), checkpoint });
          if (isLast) saved = (await ended).checkpoint;
          // Nothing goes on once all that is left waits.
          for (let idle = 0, seen = -1; idle < 5; await turn()) {
            const now = progress + runs.asked.length + runs.claimed.size;
            idle = now === seen ? idle + 1 : 0;
            seen = now;
          }
          pump.kill();
          await ended.catch(() => undefined);
          checkpoint = saved;
          for (const [key, count] of runs.claimed) claimed.set(key, count);
          for (const [key, last] of runs.lasts) lasts.set(key, last);
          for (const [key, asked] of runs.byKey) units.set(key, [...(units.get(key) ?? []), ...asked]);
        };
        for (const life of lives) await live(life, false);
        await live({ ...last, fails: null }, true);
        expect(checkpoint.counts).toEqual({ ok: all.length, dead: 0 });
        expect([...delivered].sort((a, b) => a - b)).toEqual(all);
        const unitOf = new Map<number, string>();
        for (const [key, asked] of units)
          for (const values of asked) {
            expect(values).toEqual(asked[0]);
            for (const value of values) expect([value, unitOf.get(value) ?? key]).toEqual([value, key]);
            for (const value of values) unitOf.set(value, key);
          }
      },
    ),
    { numRuns: 500 },
  );
});
