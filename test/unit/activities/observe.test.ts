import { knot, tapestry } from '../../../src';
import type { KnotCompletion, KnotObserver } from '../../../src/activities/observe';
import { KnotActivities, RUN } from '../../support/knot-activity';
import { Latch, aborted } from '../../support/latch';

const begun = new Latch();
const work = tapestry('work', () => {
  knot('fine', () => 'value')({}, { id: 'fine' });
  knot('failing', () => Promise.reject(new TypeError('no')))({}, { id: 'failing' });
  knot('waiting', async (_: object, ctx) => {
    begun.open();
    await aborted(ctx.signal);
  })({}, { id: 'waiting' });
});

class Witness implements KnotObserver {
  readonly name = 'witness';
  readonly heard: string[] = [];
  readonly ends: KnotCompletion[] = [];

  knotStarted({ knotId, attempt }: { knotId: string; attempt: number }): void {
    this.heard.push(`${knotId} ${attempt} started`);
  }

  knotEnded(end: KnotCompletion): void {
    this.heard.push(`${end.knotId} ${end.attempt} ${end.outcome}`);
    this.ends.push(end);
  }
}

test('observers hear of every attempt as it starts and how it ends', async () => {
  const witness = new Witness();
  const activities = await KnotActivities.of(work, { observers: [witness] });
  await activities.run('fine');
  const { failure } = await activities.failure('failing', { attempt: 2 });
  const { mock, answer } = activities.start('waiting');
  await begun.passed;
  mock.cancel();
  await answer.catch(() => undefined);
  expect(witness.heard).toEqual([
    'fine 1 started',
    'fine 1 ok',
    'failing 2 started',
    'failing 2 failed',
    'waiting 1 started',
    'waiting 1 cancelled',
  ]);
  expect(witness.ends[0]).toMatchObject({
    runId: RUN.workflowId,
    temporalRunId: RUN.runId,
    definition: 'fine',
  });
  expect(witness.ends[0]!.duration).toBeGreaterThanOrEqual(0);
  expect(witness.ends[1]!.error).toBe(failure);
});

test.each<[string, () => void | Promise<void>]>([
  [
    'throws',
    () => {
      throw new Error('deaf');
    },
  ],
  ['rejects', () => Promise.reject(new Error('deaf'))],
  ['never answers', () => new Promise(() => {})],
])('one that %s touches no outcome and keeps nobody else from hearing', async (what, fail) => {
  const witness = new Witness();
  const broken: KnotObserver = { name: 'broken', knotStarted: fail, knotEnded: fail };
  const activities = await KnotActivities.of(work, { observers: [broken, witness] });
  expect(await activities.run('fine')).toEqual({ value: 'value' });
  expect(await activities.record('fine')).toMatchObject({ outcome: 'ok' });
  expect(witness.heard).toEqual(['fine 1 started', 'fine 1 ok']);
  await new Promise((resolve) => setImmediate(resolve));
  expect(activities.warnings).toEqual(
    what === 'never answers' ? [] : Array(2).fill('Observer "broken" failed'),
  );
});
