import fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { z } from 'zod';
import { kafkaTrigger, knot, tapestry, type KafkaMessage } from '../../../../src';
import type { KafkaClient, ReceivedMessages } from '../../../../src/adapters/kafka/broker';
import type { SelvageError } from '../../../../src/errors';
import { Reading } from '../../../../src/adapters/kafka/reading';
import { Troubles } from '../../../../src/ports/parts/troubles';
import { InMemoryStartLedger } from '../../../../src/adapters/memory/start-ledger';
import { bodyLogger } from '../../../../src/runtime/body-logger';
import { Starter } from '../../../../src/serve/starter';
import type { KafkaTriggerDeclaration, TriggerHost } from '../../../../src/triggers';

const take = knot('take', ({ offsets }: { offsets: number[] }) => offsets);
const takes = tapestry('takes', { parameters: { offsets: z.array(z.number()) } }, (_t, { offsets }) => ({
  taken: take({ offsets }, { id: 'taken' }),
}));
const PLACE = { topic: 't', partition: 0 };

function declared(batch: number | undefined): KafkaTriggerDeclaration {
  const common = { id: 'k', topics: 't' } as const;
  if (batch === undefined)
    return kafkaTrigger(takes, { ...common, map: ({ offset }) => ({ offsets: [offset] }) });
  const map = (messages: readonly KafkaMessage[]) => ({ offsets: messages.map(({ offset }) => offset) });
  return kafkaTrigger(takes, { ...common, batch: { maxSize: batch, maxWait: 0 }, map });
}

/** A process: how it takes messages, how many it has at hand first, after how many steps it is killed, and what was compacted before. */
interface Life {
  readonly batch: number | undefined;
  readonly atHand: number;
  readonly steps: number;
  readonly compacted: readonly number[];
}

/** A partition, the ledger and the server, for one process after the other. */
class World {
  readonly ledger = new InMemoryStartLedger();
  /** Offsets of each run's messages, by its id. */
  readonly runs = new Map<string, readonly number[]>();
  committed = 0;
  log: readonly number[];

  constructor(readonly end: number) {
    this.log = Array.from({ length: end }, (_, offset) => offset);
  }

  /** Until all is committed, or the process was killed. */
  async live({ batch, atHand, steps, compacted }: Life): Promise<void> {
    const { items } = await this.ledger.list();
    // Whose first message is gone is not known by it any more.
    const kept = new Set([this.next, ...items.map(({ event }) => Number(event['offset']))]);
    this.log = this.log.filter((offset) => !compacted.includes(offset) || kept.has(offset));
    const over = new AbortController();
    let [left, idle] = [steps, 0];
    const step = async <T>(work: () => T | Promise<T>): Promise<T> => {
      idle = 0;
      if (--left < 0) {
        over.abort();
        await new Promise(() => {});
      }
      return await work();
    };
    const { ledger, runs } = this;
    const declaration = declared(batch);
    const starter = new Starter(
      {
        backends: {
          startLedger: {
            claim: (claims: never[]) => step(() => ledger.claim(claims)),
            markStarted: (keys: never[]) => step(() => ledger.markStarted(keys)),
          },
        },
        client: { connection: { withDeadline: (_: number, work: () => unknown) => work() } },
        starter: {
          check: async (_: unknown, parameters: object) => parameters,
          isThere: async (runId: string) => runs.has(runId),
          start: ({ offsets }: { offsets: number[] }, { runId }: { runId: string }) =>
            step(() => {
              if (runs.has(runId)) return { attached: {} };
              runs.set(runId, offsets);
              return {};
            }),
        },
      } as never,
      declaration,
    );
    const host: TriggerHost = {
      accept: starter.accept,
      signal: over.signal,
      logger: bodyLogger({ debug() {}, info() {}, warn() {}, error() {} }),
      metrics: { count() {}, lag() {}, latency() {} },
      trouble() {},
    };
    const client = {
      consume: async () => ({
        pause() {},
        resume() {},
        stop: async () => {},
        commit: ([{ offset }]: [{ offset: bigint }]) =>
          step(() => {
            this.committed = Number(offset);
            if (this.committed === this.end) over.abort();
          }),
      }),
    } as unknown as KafkaClient;
    const troubles = new Troubles<SelvageError, string>(() => {});
    const delays = { base: 1, max: 1, commit: 0 };
    const reading = new Reading({ declaration, client, host, troubles, delays });
    await reading.start(
      [],
      () => {},
      () => {},
    );
    reading.assigned([PLACE]);
    const coming = this.log.filter((offset) => offset >= this.committed);
    for (const some of [coming.slice(0, atHand), coming.slice(atHand)])
      if (some.length > 0) reading.received(this.received(some));
    while (!over.signal.aborted && ++idle < STUCK) await turn();
    reading.died(new Error('killed'));
  }

  private get next(): number | undefined {
    return this.log.find((offset) => offset >= this.committed);
  }

  private received(offsets: readonly number[]): ReceivedMessages {
    const last = offsets.at(-1)!;
    return {
      ...PLACE,
      messages: offsets.map((offset) => ({
        offset: BigInt(offset),
        timestamp: 1,
        key: null,
        value: Buffer.from('{}'),
        headers: {},
      })),
      next: BigInt(last === this.log.at(-1) ? this.end : last + 1),
      end: BigInt(this.end),
    };
  }
}

const ENOUGH = 200;
/** Turns of the loop in which nothing happens. */
const STUCK = 2_000;
const LIFE = fc.record({
  batch: fc.integer({ min: 1, max: 5 }),
  atHand: fc.integer({ min: 0, max: 8 }),
  steps: fc.integer({ min: 0, max: 12 }),
  compacted: fc.array(fc.integer({ min: 0, max: 11 }), { maxLength: 3 }),
});
const BRIEF = { batch: 1, atHand: 0, steps: 0, compacted: [] };
const always = (): boolean => true;
const fromSecond = (process: number): boolean => process >= 1;
const untilFirst = (process: number): boolean => process < 1;
/** Batches throughout, or from one of the processes on, or until one. */
const BATCHES = fc.constantFrom<(process: number) => boolean>(
  always,
  fromSecond,
  (process) => process >= 2,
  untilFirst,
);

test('however processes are killed and batches set anew, and whatever is compacted: no message is lost, or in two batches', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }),
      BATCHES,
      fc.array(LIFE, { maxLength: 4 }),
      LIFE,
      async (end, isBatch, lives, last) => {
        const world = new World(end);
        for (const [at, life] of [...lives, { ...last, steps: ENOUGH }].entries())
          if (world.committed < end) await world.live({ ...life, ...(!isBatch(at) && { batch: undefined }) });
        expect(world.committed).toBe(end);
        const all = [...world.runs.values()].flat();
        expect(all).toEqual(expect.arrayContaining([...world.log]));
        // What was started alone may be in the midst of a batch.
        if (isBatch(0)) expect(all).toHaveLength(new Set(all).size);
      },
    ),
    {
      numRuns: 300,
      examples: [
        // The last message of what was claimed is compacted away.
        [2, always, [{ ...BRIEF, batch: 2, steps: 1 }], { ...BRIEF, compacted: [1] }],
        // Batches are not wanted any more: one has a run, and one was claimed only.
        [3, untilFirst, [{ ...BRIEF, batch: 3, steps: 2 }], BRIEF],
        [3, untilFirst, [{ ...BRIEF, batch: 3, steps: 1 }], BRIEF],
        // One was started alone.
        [2, fromSecond, [{ ...BRIEF, steps: 2 }], { ...BRIEF, batch: 2 }],
      ],
    },
  );
});
