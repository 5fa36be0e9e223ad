import { z } from 'zod';
import { knot, stream, tapestry, type AnySource, type StreamOptions } from '../../../src';
import { streamQueue } from '../../../src/connection/streams';
import { runStream, type StreamEnd } from '../../../src/serve';
import { workerOfStreams } from '../../../src/serve/streams/serve-stream';
import { StreamRuns } from '../../../src/serve/streams/unit-runs';
import type { Backends } from '../../../src/ports';
import { closeAll, openSelvage, temporaryBackends, unique } from '../../support/open-selvage';
import { streamPlace } from '../../support/stream-place';

/** Takes a number, or a list of them, so that a stream may change to lists and back. */
const sum = knot('sum', ({ x }: { x: number | number[] }) => {
  const all = [x].flat();
  if (all.includes(13)) throw new Error('unlucky');
  return all.reduce((total, one) => total + one, 0);
});
const summing = tapestry('summing', (t) => ({
  y: sum({ x: t.parameter('x', z.union([z.number(), z.array(z.number())])) }, { id: 'y' }),
}));
const stricter = tapestry('summing', (t) => ({
  y: sum({ x: t.parameter('x', z.number().max(4)) }, { id: 'y' }),
}));
const renamed = tapestry('summing', (t) => ({
  y: sum({ x: t.parameter('x', z.number()) }, { id: 'renamed' }),
}));

afterEach(closeAll);

type Options = Pick<StreamOptions, 'batch' | 'gather'>;

/** What a process leaves that dies after it has claimed these values together, and perhaps run them. */
async function died(
  id: string,
  backends: Backends,
  values: readonly number[],
  options: Options = {},
  hasRun = false,
): Promise<void> {
  const declaration = stream(values, summing, { ...options, id, parameter: 'x' });
  const selvage = await openSelvage({ ...workerOfStreams([declaration]), backends });
  const runs = new StreamRuns(selvage, declaration, streamQueue(id));
  const unit = {
    partition: '',
    key: '1',
    elements: values.map((value, index) => ({ value, offset: index + 1 })),
  };
  const [claim] = await runs.claim([unit]);
  if (hasRun) await runs.run(unit, claim!, new AbortController().signal);
  await selvage.close();
}

async function readOn(
  id: string,
  backends: Backends,
  values: AnySource<number>,
  options: Options = {},
  summed: typeof summing | typeof stricter | typeof renamed = summing,
): Promise<{ readonly end: StreamEnd; readonly results: object; readonly dead: unknown[] }> {
  const results: Record<string, unknown> = {};
  const dead: unknown[] = [];
  const end = await runStream(values, summed as typeof stricter, {
    ...options,
    id,
    parameter: 'x',
    ...streamPlace(backends),
    onResult: (result, { value }) => {
      results[JSON.stringify(value)] = result.values.y;
    },
    onDeadLetter: ({ error }, { value }) => dead.push([value, error.code]),
  });
  return { end, results, dead };
}

test.each<[Options, boolean, Options, number[], object]>([
  [{ batch: 4 }, false, {}, [1, 2, 3, 13, 5], { 1: 1, 2: 2, 3: 3, 5: 5 }],
  [{ batch: 4 }, true, {}, [1, 2, 3, 13, 5], { 1: 1, 2: 2, 3: 3, 5: 5 }],
  [{ batch: 4 }, false, { gather: 3 }, [1, 2, 3, 13, 5], { 1: 1, 2: 2, 3: 3, '[5]': 5 }],
  [{ batch: 4 }, true, { gather: 3 }, [1, 2, 3, 13, 5], { 1: 1, 2: 2, 3: 3, '[5]': 5 }],
  [{ gather: 4 }, false, { batch: 2 }, [1, 2, 3, 4, 5], { '[1,2,3,4]': 10, 5: 5 }],
  [{ gather: 4 }, true, { batch: 2 }, [1, 2, 3, 4, 5], { '[1,2,3,4]': 10, 5: 5 }],
])(
  'what was claimed together with %j, and has run (%j), is done so with %j',
  async (before, hasRun, after, values, expected) => {
    const [id, backends] = [unique('changed'), await temporaryBackends()];
    await died(id, backends, values.slice(0, 4), before, hasRun);
    const { end, results, dead } = await readOn(id, backends, values, after);
    const unlucky = values.includes(13) ? [[13, 'Error']] : [];
    expect([results, dead]).toEqual([expected, unlucky]);
    expect(end).toEqual({ reason: 'ended', ok: values.length - unlucky.length, failed: unlucky.length });
  },
);

test('what was claimed and not started, and is refused by the code of today, is a dead letter', async () => {
  const [id, backends] = [unique('refused'), await temporaryBackends()];
  await died(id, backends, [7]);
  const { end, results, dead } = await readOn(id, backends, [7, 1], {}, stricter);
  expect([results, dead]).toEqual([{ 1: 1 }, [[7, 'InvalidParameters']]]);
  expect(end).toEqual({ reason: 'ended', ok: 1, failed: 1 });
});

test('what has failed is a dead letter, also if the code of today has no such knot', async () => {
  const [id, backends] = [unique('renamed'), await temporaryBackends()];
  await died(id, backends, [13], {}, true);
  const { end, results, dead } = await readOn(id, backends, [13, 1], {}, renamed);
  expect([results, dead]).toEqual([{ 1: 1 }, [[13, 'Error']]]);
  expect(end).toEqual({ reason: 'ended', ok: 1, failed: 1 });
});

test('what the source has lost since of a batch that has run leaves the others their own results', async () => {
  const [id, backends] = [unique('lost'), await temporaryBackends()];
  await died(id, backends, [1, 2, 3, 4], { batch: 4 }, true);
  const left: AnySource<number> = async function* () {
    for (const value of [1, 3, 4, 5, 6]) yield { value, offset: value };
  };
  const { end, results } = await readOn(id, backends, left, { batch: 4 });
  expect(results).toEqual({ 1: 1, 3: 3, 4: 4, 5: 5, 6: 6 });
  expect(end).toEqual({ reason: 'ended', ok: 5, failed: 0 });
});
