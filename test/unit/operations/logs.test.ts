import fc from 'fast-check';
import { knot, map, runLocally, tapestry } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends/in-memory';
import type { AnswerOf, AskOf } from '../../../src/operations';
import { call } from '../../../src/operations/call';
import { projectData, type Rights } from '../../../src/operations/surroundings';
import { sampleLineage, sampleRun, sampleValue } from '../../../src/testing/sample-records';
import { nobody } from '../../support/page';

const caller: Rights = { mayAct: false, isReadOnly: true, maySeeSecrets: true };

type Logs = AnswerOf<'runs.logs'>;

const load = knot('load', (_: { x: number }, { logger }) => {
  logger.info({ rows: 3 }, 'rows loaded');
  logger.warn({}, 'a row was late');
  return [1, 2];
});
const halve = knot('halve', ({ n }: { n: number }, { logger }) => {
  if (n === 1) logger.error({ n }, 'it is odd');
  return n / 2;
});
const logging = tapestry('logging', () => {
  const rows = load({ x: 1 }, { id: 'load' });
  return { halves: map({ over: rows, each: halve, bind: 'n' }, { id: 'halves' }) };
});

async function logged(): Promise<(ask?: Partial<AskOf<'runs.logs'>>) => Promise<Logs>> {
  const data = projectData(createInMemoryBackends(), nobody);
  await runLocally(logging, {}, { backends: data.backends, runId: 'r' });
  return (ask = {}) => call({ ...data, caller }, 'runs.logs', { runId: 'r', ...ask });
}

const messages = ({ items }: Logs): readonly string[] => items.map(({ message }) => message);

test('the lines of all bodies of a run are one list, newest first, each with its knot, level and fields', async () => {
  const logs = await logged();
  const { items, cursor, unreadable } = await logs();
  expect(items).toEqual([
    {
      at: expect.any(Number),
      level: 'error',
      message: 'it is odd',
      fields: '{"n":1}',
      knotId: 'halves[0]',
      attempt: 1,
      line: 0,
    },
    { at: expect.any(Number), level: 'warn', message: 'a row was late', knotId: 'load', attempt: 1, line: 0 },
    {
      at: expect.any(Number),
      level: 'info',
      message: 'rows loaded',
      fields: '{"rows":3}',
      knotId: 'load',
      attempt: 1,
      line: 1,
    },
  ]);
  expect({ cursor, unreadable }).toEqual({ cursor: undefined, unreadable: [] });
});

test('lines are chosen by knot, by map, by element, by level and by text', async () => {
  const logs = await logged();
  expect(messages(await logs({ knotId: 'load' }))).toEqual(['a row was late', 'rows loaded']);
  expect(messages(await logs({ knotId: 'halves' }))).toEqual(['it is odd']);
  expect(messages(await logs({ knotId: 'halves[1]' }))).toEqual([]);
  expect(messages(await logs({ level: 'warn' }))).toEqual(['it is odd', 'a row was late']);
  expect(messages(await logs({ text: 'ROW' }))).toEqual(['a row was late', 'rows loaded']);
  expect(messages(await logs({ since: Date.now() + 1_000 }))).toEqual([]);
  await expect(logs({ knotId: 'nobody' })).rejects.toMatchObject({ code: 'UnknownKnot' });
  await expect(logs({ cursor: 'x' })).rejects.toMatchObject({ code: 'InvalidRequest' });
});

test('a log that is no longer kept is named with the reason, and hides no other', async () => {
  const data = projectData(createInMemoryBackends(), nobody);
  await data.backends.runHistory.startRun(sampleRun());
  await data.backends.runHistory.commit([recordOf('gone', 1, []), recordOf('kept', 2, ['here'])]);
  await data.backends.dataStore.put([sampleValue(textOf(['here'], 2))]);
  const answer = await call({ ...data, caller }, 'runs.logs', { runId: 'run-1' });
  expect(messages(answer)).toEqual(['here']);
  expect(answer.unreadable).toEqual([{ knotId: 'gone', code: 'ValueMissing' }]);
});

interface Knot {
  readonly began: number;
  /** When a line was written, counted from the beginning. */
  readonly lines: readonly number[];
}

/** Of a run with these knots: all its lines, and what the pages of an ask have together. */
async function recorded(knots: readonly Knot[]) {
  const data = projectData(createInMemoryBackends(), nobody);
  await data.backends.runHistory.startRun(sampleRun());
  for (const [index, { began, lines }] of knots.entries()) {
    const times = lines.map((time) => began + time).sort((one, other) => one - other);
    const said = times.map((time) => `k${index} at ${time}`);
    const log = sampleValue(textOf(said, 0, times));
    await data.backends.dataStore.put([log]);
    const [started_at, finished_at] = [began, Math.max(began, ...times)];
    await data.backends.runHistory.commit([
      sampleLineage({ knot_id: `k${index}`, started_at, finished_at, extra: { log: log.hash } }),
    ]);
  }
  const all = knots.flatMap(({ began, lines }, index) => lines.map((time) => `k${index} at ${began + time}`));
  const pages = async (ask: Partial<AskOf<'runs.logs'>>): Promise<Logs[]> => {
    const found: Logs[] = [];
    let cursor: string | undefined;
    do {
      found.push(await call({ ...data, caller }, 'runs.logs', { runId: 'run-1', ...ask, cursor }));
      ({ cursor } = found.at(-1)!);
    } while (cursor !== undefined);
    return found;
  };
  return { all, pages };
}

function expectWhole(pages: readonly Logs[], limit: number, all: readonly string[]): void {
  for (const { items } of pages) expect(items.length).toBeLessThanOrEqual(limit);
  const found = pages.flatMap(({ items }) => items);
  const times = found.map(({ at }) => at);
  expect(times).toEqual([...times].sort((one, other) => other - one));
  expect(found.map(({ message }) => message).sort()).toEqual([...all].sort());
}

test('pages of any size have every line of the run once, in the order of time', async () => {
  const began = fc.integer({ min: 0, max: 10 });
  const lines = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 4 });
  const knots = fc.array(fc.record({ began, lines }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(knots, fc.integer({ min: 1, max: 5 }), async (given, limit) => {
      const { all, pages } = await recorded(given);
      expectWhole(await pages({ limit }), limit, all);
    }),
  );
});

test('of thousands of logs a page reads some, says where to go on, and misses none', async () => {
  const knots = Array.from({ length: 2_600 }, (_, index) => ({ began: index, lines: [(index * 7) % 50] }));
  const { all, pages } = await recorded(knots);
  expectWhole(await pages({ limit: 700 }), 700, all);
  const rare = await pages({ text: 'k3 at' });
  expect(rare.length).toBeGreaterThan(1);
  expect(rare.flatMap(messages)).toEqual(['k3 at 24']);
});

test('pages come to an end where thousands of knots began at once', async () => {
  const knots = Array.from({ length: 2_100 }, (_, index) => ({ began: 0, lines: [index] }));
  const { all, pages } = await recorded(knots);
  expectWhole(await pages({ limit: 700 }), 700, all);
  expect((await pages({ text: 'k3 at' })).flatMap(messages)).toEqual(['k3 at 3']);
});

test('a text in a log that a caller may not see is not found by searching for it', async () => {
  const data = projectData(createInMemoryBackends(), nobody);
  const signIn = knot('sign-in', (_: object, { logger }) =>
    logger.info({ password: 'Zq7sesame' }, 'signed in'),
  );
  await runLocally(
    tapestry('signing', () => ({ end: signIn({}, { id: 'end' }) })),
    {},
    { backends: data.backends, runId: 'r' },
  );
  const found = async (maySeeSecrets: boolean): Promise<readonly string[]> =>
    messages(
      await call({ ...data, caller: { ...caller, maySeeSecrets } }, 'runs.logs', { runId: 'r', text: 'Zq7' }),
    );
  expect(await found(true)).toEqual(['signed in']);
  expect(await found(false)).toEqual([]);
});

function textOf(said: readonly string[], at: number, times: readonly number[] = said.map(() => at)): string {
  return said
    .map(
      (message, index) =>
        `${JSON.stringify({ time: new Date(times[index]!).toISOString(), level: 'info', message })}\n`,
    )
    .join('');
}

function recordOf(knot_id: string, at: number, said: readonly string[]) {
  const { hash } = sampleValue(textOf(said, at));
  return sampleLineage({ knot_id, started_at: at, finished_at: at, extra: { log: hash } });
}
