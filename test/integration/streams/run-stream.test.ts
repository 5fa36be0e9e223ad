import { z } from 'zod';
import { knot, stream, tapestry } from '../../../src';
import { streamWorkflowId } from '../../../src/connection/streams';
import { runStream } from '../../../src/serve';
import { StreamHost } from '../../../src/serve/streams/serve-stream';
import { closeAll, connectSelvage, temporaryBackends, unique } from '../../support/open-selvage';
import { streamPlace } from '../../support/stream-place';

const double = knot('double', ({ x }: { x: number }) => {
  if (x === 13) throw new Error('unlucky');
  return x * 2;
});
const doubling = tapestry('doubling', (t) => ({
  y: double({ x: t.parameter('x', z.number()) }, { id: 'y' }),
}));

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

afterEach(closeAll);

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe.each([
  ['each with a run of its own', { concurrency: 16 }],
  ['in batches', { batch: 32, concurrency: 4 }],
])('elements of an iterable, %s', (_, options) => {
  test('each start one run, and their results come', async () => {
    const backends = await temporaryBackends();
    const results = new Map<number, number>();
    const dead: number[] = [];
    const id = unique('numbers');
    const end = await runStream(upTo(100), doubling, {
      ...streamPlace(backends),
      ...options,
      id,
      parameter: 'x',
      onResult: ({ values }, { value }) => {
        results.set(value, values.y);
      },
      onDeadLetter: ({ error }, { value }) => {
        dead.push(value);
        expect(error).toMatchObject({ code: 'Error', message: 'knot "y": unlucky' });
      },
    });
    expect(end).toEqual({ reason: 'ended', ok: 99, failed: 1 });
    expect(dead).toEqual([13]);
    expect([...results].sort(([a], [b]) => a - b)).toEqual(
      upTo(100)
        .filter((x) => x !== 13)
        .map((x) => [x, 2 * x]),
    );
    const selvage = await connectSelvage({ backends });
    expect((await selvage.streams.deadLetters(id)).items).toEqual([
      expect.objectContaining({ reason: expect.stringContaining('unlucky') as unknown }),
    ]);
  });
});

test('a stream that was started again, and ended before its first step, goes on where it was', async () => {
  const backends = await temporaryBackends();
  const results: number[] = [];
  const id = unique('ended-early');
  const options = { id, parameter: 'x' as const };
  const read = (count: number) =>
    runStream(upTo(count), doubling, {
      ...streamPlace(backends),
      ...options,
      onResult: ({ values }) => void results.push(values.y),
    });
  expect(await read(3)).toEqual({ reason: 'ended', ok: 3, failed: 0 });
  const selvage = await connectSelvage({ backends });
  // Without a worker.
  await new StreamHost([stream(upTo(3), doubling, options)], silent).start(selvage);
  await selvage.client.workflow.getHandle(streamWorkflowId(id)).terminate();
  results.length = 0;
  expect(await read(5)).toEqual({ reason: 'ended', ok: 5, failed: 0 });
  expect(results.sort((a, b) => a - b)).toEqual([8, 10]);
});
