import fc from 'fast-check';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import {
  emitter,
  Retryable,
  Terminal,
  type Delivery,
  type Emitter,
  type EmitterDeclaration,
  type EmitterOptions,
  type RunEvent,
} from '../../../src';
import { InMemoryRunHistory } from '../../../src/adapters/memory';
import { EmitterRunner } from '../../../src/deliveries/emitter-runner';
import { FeedTail } from '../../../src/deliveries/feed-tail';
import { requireFeed, RunEvents } from '../../../src/deliveries/run-events';
import type { EmitterState, EmitterTable } from '../../../src/ports';
import { LeaseKeeper } from '../../../src/runtime';
import { sampleLineage, sampleRun } from '../../../src/testing/sample-records';
import { Latch } from '../../support/latch';
import { until } from '../../support/until';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** What becomes of events, by their knots: those of `no` are rejected, those of `never` are no use to try, until the receiver is mended. */
const KNOTS = ['a', 'b', 'c', 'no', 'never'] as const;
const RUNS = 4;
/** Fewer than there are, so that what is remembered of runs is forgotten meanwhile. */
const REMEMBERED = 2;

interface Heard {
  readonly options: Omit<EmitterOptions, 'name'>;
  /** Each delivery in turn: whether it fails before the receiver has anything, after it has all, or not. */
  readonly fails: readonly ('before' | 'after' | 'not')[];
}

type Step =
  | { readonly do: 'start' | 'end' | 'terminate' | 'remove'; readonly run: number }
  | { readonly do: 'commit'; readonly run: number; readonly knots: readonly string[] }
  | { readonly do: 'redrive' | 'replay' | 'kill' | 'look' | 'stop' };

const HEARD: fc.Arbitrary<Heard> = fc.record({
  options: fc.record({
    from: fc.constant('beginning' as const),
    batchSize: fc.constantFrom(1, 2, 3, 500),
    filter: fc.constantFrom({}, { types: ['knot-finished'] as const }, { tapestries: ['p0', 'p1'] }),
  }),
  fails: fc.array(fc.constantFrom('before', 'after', 'not'), { maxLength: 6 }),
});

const RUN = fc.integer({ min: 0, max: RUNS - 1 });
const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('start', 'end', 'terminate', 'remove'), run: RUN }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('commit'),
      run: RUN,
      knots: fc.uniqueArray(fc.constantFrom(...KNOTS), { minLength: 1 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('redrive', 'replay', 'kill', 'look', 'stop') }) },
);

class Receiver {
  readonly heard: string[] = [];
  isMended = false;
  #deliveries = 0;

  constructor(readonly fails: Heard['fails']) {}

  readonly deliver = async (events: readonly RunEvent[]): Promise<Delivery> => {
    await turn();
    const fails = this.isMended ? 'not' : this.fails[this.#deliveries++ % (this.fails.length + 1)];
    if (fails === 'before') throw new Retryable('not now', { after: 0 });
    const of = (knot: string): readonly RunEvent[] =>
      this.isMended ? [] : events.filter((event) => event.id.includes(`/${knot}/`));
    if (of('never').length > 0) throw new Terminal('never');
    const rejected = of('no').map(({ id }) => ({ id, reason: 'no' }));
    this.heard.push(...events.filter((event) => !of('no').includes(event)).map(({ id }) => id));
    if (fails === 'after') throw new Retryable('who knows', { after: 0 });
    return { rejected };
  };
}

/** One process that delivers, until it is killed or stopped. */
class Process {
  readonly #history: InMemoryRunHistory;
  readonly #runners: readonly EmitterRunner[];
  readonly #stopping = new AbortController();
  readonly #now = new AbortController();
  readonly #running: Promise<unknown>;
  #isDead = false;

  constructor(history: InMemoryRunHistory, emitters: readonly EmitterDeclaration[]) {
    this.#history = history;
    const feed = requireFeed(history);
    const table = new Proxy(feed.emitterTableBeside(), {
      get: (of, name: 'list') => (this.#isDead ? () => Promise.reject(new Error('dead')) : of[name].bind(of)),
    });
    const around = {
      feed,
      tail: new FeedTail(feed, this.#stopping.signal),
      events: new RunEvents(feed, true, REMEMBERED),
      table,
      leases: new LeaseKeeper(history.leasesBeside(), 60_000),
      owner: 'o',
      holder: 'h',
      logger: quiet,
      projectDir: '.',
      plan: async () => undefined,
      run: async () => undefined,
      records: async () => [],
      value: async () => undefined,
    };
    this.#runners = emitters.map((declaration) => new EmitterRunner(declaration, around));
    const signals = [this.#stopping.signal, this.#now.signal] as const;
    this.#running = Promise.all(this.#runners.map((runner) => runner.run(...signals)));
  }

  async look(): Promise<void> {
    const states = await this.#history.emitterTableBeside().list();
    for (const runner of this.#runners) runner.look(states.find(({ name }) => name === runner.name));
  }

  save(): void {
    for (const runner of this.#runners) runner.save();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async kill(): Promise<void> {
    this.#isDead = true;
    this.#now.abort();
    await this.stop();
  }
}

async function act(history: InMemoryRunHistory, step: Step): Promise<void> {
  if (step.do === 'redrive' || step.do === 'replay') {
    const table = history.emitterTableBeside();
    for (const { name } of await table.list())
      if (step.do === 'redrive') await table.redrive(name);
      else await table.move(name, { position: null, positionAt: null });
    return;
  }
  if (!('run' in step)) return;
  const of = { run_id: `r${step.run}`, temporal_run_id: `t${step.run}` };
  if (step.do === 'start') await history.startRun(sampleRun({ ...of, tapestry: `p${step.run}` }));
  else if (step.do === 'commit')
    await history.commit(step.knots.map((knot_id) => sampleLineage({ ...of, knot_id })));
  else if (step.do === 'remove') await history.deleteRun(of.temporal_run_id);
  else {
    const status = step.do === 'end' ? 'succeeded' : 'terminated';
    await history.endRun(of.temporal_run_id, { status, finished_at: 9, details: {} });
  }
}

/** The ids of all that is on record, in order of each run. */
async function onRecord(history: InMemoryRunHistory, { filter = {} }: EmitterOptions): Promise<string[]> {
  const ids: string[] = [];
  for (let run = 0; run <= RUNS; run++) {
    const record = await history.getRunByTemporalId(`t${run}`);
    if (!record || filter.tapestries?.includes(`p${run}`) === false) continue;
    const knots = (await history.getRecords(`t${run}`)).map(({ knot_id }) => `t${run}/${knot_id}/finished`);
    if (filter.types) ids.push(...knots);
    else
      ids.push(
        `t${run}/started`,
        ...knots,
        ...(record.status === 'running' ? [] : [`t${run}/ended/${record.status}`]),
      );
  }
  return ids;
}

/** Whether all is delivered, and on record as that. */
async function isThrough(history: InMemoryRunHistory, emitters: readonly unknown[]): Promise<boolean> {
  const [states, last] = [await history.emitterTableBeside().list(), await history.lastChange()];
  const areThrough = states.every(({ position, deadLetters }) => position === last && deadLetters === 0);
  return areThrough && states.length === emitters.length;
}

test('whoever delivers is killed at any time, and receivers fail and refuse: each event is heard, no knot before its run, and a replay tells all', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(HEARD, { minLength: 1, maxLength: 3 }),
      fc.array(fc.record({ step: STEP, turns: fc.constantFrom(0, 0, 0, 1, 2, 5, 12) }), {
        maxLength: 40,
        size: 'max',
      }),
      async (told, steps) => {
        const history = new InMemoryRunHistory();
        const receivers = told.map(({ fails }) => new Receiver(fails));
        const emitters = told.map(({ options }, at) => emitter(`e${at}`, receivers[at]!.deliver, options));
        let process = new Process(history, emitters);
        for (const { step, turns } of steps) {
          if (step.do === 'kill' || step.do === 'stop') {
            await process[step.do]();
            process = new Process(history, emitters);
          } else if (step.do === 'look') await process.look();
          else await act(history, step);
          for (let left = turns; left > 0; left--) await turn();
        }
        const removed = new Set(steps.flatMap(({ step }) => (step.do === 'remove' ? [step.run] : [])));
        for (const receiver of receivers) receiver.isMended = true;
        await act(history, { do: 'start', run: RUNS });
        for (const last of ['redrive', 'replay'] as const) {
          if (last === 'replay') for (const { heard } of receivers) heard.length = 0;
          await act(history, { do: last });
          for (let left = 1_000; left > 0 && !(await isThrough(history, emitters)); left--) {
            await act(history, { do: 'redrive' });
            await process.look();
            await turn();
          }
          for (const [at, { heard }] of receivers.entries()) {
            const expected = await onRecord(history, told[at]!.options);
            expect(expected.filter((id) => !heard.includes(id))).toEqual([]);
            const firsts = [...new Set(heard)].filter((id) => !removed.has(Number(id[1])));
            const early = firsts.filter((id, index) => firsts.indexOf(`t${id[1]}/started`) > index);
            expect(early).toEqual([]);
          }
        }
        await process.stop();
      },
    ),
    { numRuns: Number(globalThis.process.env['RUNS'] ?? 80) },
  );
});

const open: Process[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((process) => process.kill()));
});

/** A history with a run that has knots, and a process that delivers it. */
async function delivering(
  knots: readonly string[],
  deliver: Emitter['deliver'],
  batchSize = 500,
): Promise<{ history: InMemoryRunHistory; table: EmitterTable; process: Process }> {
  const history = new InMemoryRunHistory();
  await act(history, { do: 'start', run: 0 });
  await act(history, { do: 'commit', run: 0, knots });
  const process = new Process(history, [emitter('e', deliver, { from: 'beginning', batchSize })]);
  open.push(process);
  return { history, table: history.emitterTableBeside(), process };
}

/** Looks again and again, as a process does, until it is so. */
async function looking(process: Process, isSo: () => boolean | Promise<boolean>): Promise<void> {
  await until('it is so', async () => {
    await process.look();
    return await isSo();
  });
}

const idsOf = (events: readonly RunEvent[]): string[] => events.map(({ id }) => id);

test('a dead letter that is refused again stays one, also where it comes again with others; they come oldest first', async () => {
  const heard: string[][] = [];
  let isMended = false;
  const { table, process } = await delivering(['a', 'b', 'c', 'd'], (events) => {
    if (events.some(({ id }) => !isMended || id.includes('/a/'))) throw new Terminal('no');
    heard.push(idsOf(events));
    return Promise.resolve();
  });
  await looking(process, async () => (await table.list())[0]!.deadLetters === 5);
  isMended = true;
  await table.redrive('e');
  await looking(process, () => heard.flat().length === 4);
  expect((await table.deadLetters('e')).items.map(({ eventId }) => eventId)).toEqual(['t0/a/finished']);
  expect(heard.flat()).toEqual(['t0/started', 't0/b/finished', 't0/c/finished', 't0/d/finished']);
});

test('dead letters come again at once, also where the receiver had failed before it refused them', async () => {
  const heard: string[] = [];
  let answer: 'fails' | 'refuses' | 'takes' = 'fails';
  const { table, process } = await delivering([], async (events) => {
    if (answer === 'fails') {
      answer = 'refuses';
      throw new Retryable('not now', { after: 0 });
    }
    if (answer === 'refuses') return { rejected: idsOf(events).map((id) => ({ id, reason: 'no' })) };
    heard.push(...idsOf(events));
    return {};
  });
  await looking(process, async () => (await table.list())[0]?.deadLetters === 1);
  answer = 'takes';
  await table.redrive('e');
  await looking(process, () => heard.length === 1);
});

test('a cursor that is to be saved while a delivery is under way costs it no pause when it fails', async () => {
  const attempts: string[] = [];
  const begun = new Latch();
  const mayFail = new Latch();
  const { table, process } = await delivering(
    ['a', 'b'],
    async (events) => {
      attempts.push(...idsOf(events));
      if (attempts.length < 3) return;
      begun.open();
      await mayFail.passed;
      throw new Retryable('in a minute', { after: 60_000 });
    },
    1,
  );
  await begun.passed;
  await process.look();
  process.save();
  mayFail.open();
  await until('it is on record', async () => (await table.list())[0]!.failures > 0);
  for (let left = 50; left > 0; left--) await turn();
  expect(attempts).toEqual(['t0/started', 't0/a/finished', 't0/b/finished']);
  expect(await table.list()).toMatchObject([{ delivered: 2, failures: 1 }]);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, 60 * 24 * 3_600_000])(
  'a receiver that asks for a pause of %p ms is not asked at once',
  async (after) => {
    let attempts = 0;
    const { table } = await delivering([], () => {
      attempts += 1;
      throw new Retryable('later', { after });
    });
    const state = await until('it is on record', async () => {
      const [first] = await table.list();
      return first && first.failures > 0 ? first : undefined;
    });
    expect(Number.isFinite(state.retryAt)).toBe(true);
    await delay(30);
    expect(attempts).toBe(1);
  },
);

test('one that is disabled, and has dead letters to deliver once more, rests', async () => {
  const { history, table, process } = await delivering([], (events) =>
    Promise.resolve({ rejected: idsOf(events).map((id) => ({ id, reason: 'no' })) }),
  );
  await looking(process, async () => (await table.list())[0]?.deadLetters === 1);
  await process.stop();
  const [{ version }] = (await table.list()) as [EmitterState];
  await table.fail('e', version, { error: 'gone', retryIn: 0, disable: 'gone' });
  await table.redrive('e');
  const next = new Process(history, [emitter('e', () => Promise.resolve())]);
  open.push(next);
  await until('it has begun', async () => (await table.list())[0]!.version > version + 1);
  const [begun] = await table.list();
  for (let left = 20; left > 0; left--) {
    await next.look();
    await turn();
  }
  expect(await table.list()).toEqual([begun]);
});
