import { appendFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { z } from 'zod';

import { hostedKnot, knot, program, runLocally, tapestry, threads } from '../../../src';
import { refusal } from '../../support/refusal';
import {
  QUEUED_TIMEOUT_MS,
  blocking,
  breaking,
  crowded,
  exiting,
  growing,
  here,
  inSegments,
  notes,
  posting,
  queued,
  talking,
  waiting,
} from '../../support/thread-bodies';
import { until } from '../../support/until';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'selvage-threads-'));
  file = path.join(folder, 'notes');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('bodies in threads have the outcomes and hashes that they have here', async () => {
  const expected = await runLocally(here, { n: 9 });
  for (const other of [queued, inSegments]) {
    const run = await runLocally(other, { n: 9 });
    const { thread, ...values } = run.values;
    expect({ ...values, thread: expected.values.thread }).toEqual(expected.values);
    expect(thread).not.toBe(threadId);
    const hashes = (of: typeof run): unknown[] =>
      of.lineage
        .filter(({ knot_id: id }) => id !== 'where')
        .map(({ knot_id: id, output_hash: hash, outcome }) => [id, outcome, hash])
        .sort();
    expect(hashes(run)).toEqual(hashes(expected));
  }
});

test('what a body throws is told with its cause, and the place in its file', async () => {
  const { outcomes } = await runLocally(queued, { n: 1 });
  expect(outcomes['failed']).toMatchObject({
    kind: 'err',
    error: {
      type: 'TypeError',
      message: 'no luck',
      at: expect.stringMatching(/thread-bodies\.ts:\d+:\d+$/),
      cause: { type: 'RangeError', message: 'too far' },
    },
  });
});

test('a body logs, hands on, stores and opens streams, as in the worker', async () => {
  const lines: unknown[] = [];
  const logger = {
    debug: () => {},
    info: (fields: object, message: string) => lines.push([message, fields]),
    warn: () => {},
    error: () => {},
  };
  const { outcomes } = await runLocally(talking, {}, { logger });
  expect(outcomes['said']).toMatchObject({
    kind: 'ok',
    value: {
      read: 4_500_000,
      stored: { size: 4_500_000, mediaType: 'text/plain' },
      attempt: 1,
      knotId: 'said',
    },
  });
  expect(lines).toContainEqual(['said', { a: 1 }]);
  expect(outcomes['extended']).toMatchObject({ kind: 'err', error: { type: 'NotExtensible' } });
});

test('a body that ends its thread costs that knot an attempt, and nothing else', async () => {
  const survived = await runLocally(exiting, { file, until: 2 });
  expect(survived.values).toEqual({ exits: 'survived', first: 1 });
  expect(notes(file)).toEqual(['beside', 'exits', 'exits', 'exits']);
  const record = survived.lineage.find(({ knot_id: id }) => id === 'exits')!;
  const lost = {
    started_at: expect.any(Number) as number,
    ended_at: expect.any(Number) as number,
    reason: {
      code: 'WorkerLost',
      message: expect.stringMatching(
        /^Body thread \d+, which ran knot "exits", has ended: it ended with code 3\.$/,
      ) as string,
    },
  };
  expect(record).toMatchObject({
    attempt: 3,
    extra: {
      host: 'threads',
      attempts: [
        { attempt: 1, ...lost },
        { attempt: 2, ...lost },
      ],
    },
  });
});

test('one that ends its thread each time is given up after the third', async () => {
  const { outcomes } = await runLocally(exiting, { file, until: 100 });
  expect(outcomes['exits']).toMatchObject({
    kind: 'err',
    error: {
      type: 'WorkerLost',
      message: expect.stringMatching(
        /was lost 3 times: .*The last time: Body thread .* ended with code 3\.$/,
      ) as string,
    },
  });
  expect(notes(file)).toEqual(['beside', 'exits', 'exits', 'exits']);
});

test('one that runs out of memory is given up, too', async () => {
  const { outcomes } = await runLocally(growing, {});
  expect(outcomes['grown']).toMatchObject({ kind: 'err', error: { type: 'WorkerLost' } });
});

test('a body that blocks its thread is stopped with it after its timeout', async () => {
  const { outcomes } = await runLocally(blocking, { file });
  expect(outcomes['blocked']).toMatchObject({ kind: 'err', error: { type: 'BodyTimeout' } });
});

test('the time of a body does not count while it waits for a thread', async () => {
  const run = runLocally(crowded, { file });
  await until('the thread is held', () => notesOf(file).includes('holds'));
  await delay(2 * QUEUED_TIMEOUT_MS);
  appendFileSync(file, 'go on\n');
  expect((await run).values).toEqual({ held: 1, quick: 1 });
});

test('a cancel reaches the body, whose end is awaited', async () => {
  const stop = new AbortController();
  const run = runLocally(waiting, { file }, { signal: stop.signal });
  await until('it waits', () => notesOf(file).includes('waits'));
  stop.abort();
  expect((await run).values).toEqual({ waited: 'true' });
  expect(notesOf(file)).toEqual(['waits', 'told']);
});

function notesOf(of: string): string[] {
  try {
    return notes(of);
  } catch {
    return [];
  }
}

describe('what is wrong is said before anything runs', () => {
  const one = knot('one', (_: object) => 1);

  test('threads that know of no file', async () => {
    const lone = tapestry('lone', () => ({ x: one({}, { id: 'x', dispatcher: threads() }) }));
    await expect(runLocally(lone, {})).rejects.toMatchObject(
      refusal('InvalidConfig', 'threads do not know which file has them'),
    );
  });

  test('a tapestry that the file does not export', async () => {
    const dispatcher = threads({ module: require.resolve('../../support/thread-bodies') });
    const other = tapestry('other', () => ({ x: one({}, { id: 'x', dispatcher }) }));
    await expect(runLocally(other, {})).rejects.toMatchObject(
      refusal('HostMismatch', 'knot "x" of tapestry "other": the file that threads load does not make it'),
    );
  });

  test('a file that cannot be loaded, or opens a client when it is', async () => {
    const missing = threads({ module: path.join(folder, 'gone.js') });
    const lone = tapestry('gone', () => ({ x: one({}, { id: 'x', dispatcher: missing }) }));
    await expect(runLocally(lone, {})).rejects.toMatchObject(refusal('FileNotLoadable', 'gone.js'));
  });

  test('hosts of one name with different options', async () => {
    const module = require.resolve('../../support/thread-bodies');
    const both = tapestry('both', () => ({
      x: one({}, { id: 'x', dispatcher: threads({ module, maxWorkers: 1 }) }),
      y: one({}, { id: 'y', dispatcher: threads({ module, maxWorkers: 2 }) }),
    }));
    await expect(runLocally(both, {})).rejects.toMatchObject(refusal('InvalidConfig', 'named "threads"'));
  });

  test('a program that is not there, or is none', async () => {
    const of = (command: string[]): Promise<unknown> => {
      const body = hostedKnot<object, number>(program({ command, processes: 1 }), 'body');
      return runLocally(
        tapestry('hosted', () => ({ x: body({}, { id: 'x' }) })),
        {},
      );
    };
    await expect(of([path.join(folder, 'gone')])).rejects.toMatchObject(
      refusal('HostNotUsable', 'could not be started'),
    );
    await expect(
      of([process.execPath, '-e', 'console.error("no idea"); process.exit(4)']),
    ).rejects.toMatchObject(refusal('HostNotUsable', 'it ended with code 4, and said: no idea'));
    await expect(
      of([process.execPath, '-e', 'new (require("net").Socket)({ fd: 3 }).write("hello, what is this?")']),
    ).rejects.toMatchObject(refusal('HostNotUsable', 'has broken the body protocol'));
  });

  test('a host that cannot call such a body', () => {
    const parameters = z.number();
    expect(() =>
      tapestry('wrong', (t) => {
        t.parameter('x', parameters);
        return { x: one({}, { id: 'x', dispatcher: program({ command: ['x'] }) }) };
      }),
    ).toThrow(expect.objectContaining(refusal('InvalidConfig', '"one" is a body of TypeScript')));
    const hosted = hostedKnot<object, number>(program({ command: ['x'] }), 'body');
    expect(() => tapestry('wrong', () => ({ x: hosted({}, { id: 'x', dispatcher: threads() }) }))).toThrow(
      expect.objectContaining(refusal('InvalidConfig', 'threads() runs bodies of TypeScript')),
    );
  });
});

test('a thread that breaks the protocol is ended at once, as a lost worker, and another takes its place', async () => {
  const { outcomes } = await runLocally(breaking, { file });
  expect(outcomes['after']).toEqual({ kind: 'ok', value: 9 });
  expect(outcomes['broken']).toMatchObject({
    kind: 'err',
    error: { type: 'WorkerLost', message: expect.stringContaining('has broken the body protocol') },
  });
  const lines = notes(file);
  const begun = lines.flatMap((line, at) =>
    line.startsWith('breaks ') ? [{ thread: line.slice(7), at }] : [],
  );
  expect(begun).toHaveLength(3);
  for (const { thread } of begun.slice(0, 2)) {
    const next = begun.find(({ at }) => lines.indexOf(`breaks ${thread}`) < at)!;
    expect(lines.lastIndexOf(`goes on ${thread}`)).toBeLessThan(next.at);
  }
});

test('what a body posts to the parent of its thread is no part of the protocol', async () => {
  expect((await runLocally(posting, {})).values).toEqual({ posted: 1 });
});
