import { z } from 'zod';
import { knot, subTapestry, tapestry } from '../../src';
import { MEMO_KEY } from '../../src/workflows/messages';
import { historyOf } from '../support/history';
import { closeAll, connectSelvage, openSelvage, unique } from '../support/open-selvage';
import { rejectionOf } from '../support/rejection-of';
import { refusal } from '../support/refusal';

afterEach(closeAll);

const increment = knot('increment', ({ x }: { x: number }) => x + 1);
const inner = tapestry('limited-inner', { parameters: { x: z.number() } }, (_t, { x }) => ({
  x: increment({ x }, { id: 'more' }),
}));
const outer = tapestry('limited-outer', { parameters: { x: z.number() } }, (_t, { x }) => {
  const before = increment({ x }, { id: 'before' });
  return { inner: subTapestry({ tapestry: inner, inputs: { x: before } }, { id: 'nested' }) };
});

test('a run has the limits that its client wants, and so have its child runs and the runs that its knots start', async () => {
  const selvage = await openSelvage({
    tapestries: [outer, inner],
    runLimits: { heartbeatTimeoutMs: 17_000 },
  });
  const run = await selvage.start(outer, { x: 1 });
  expect(await run.values()).toEqual({ inner: { x: 3 } });
  for (const workflow of [run.runId, `${run.runId}/nested`, `${run.runId}/nested#1`]) {
    const timeouts = (await historyOf(selvage, workflow)).flatMap(
      ({ activityTaskScheduledEventAttributes: scheduled }) =>
        scheduled ? [Number(scheduled.heartbeatTimeout?.seconds)] : [],
    );
    expect([workflow, new Set(timeouts)]).toEqual([workflow, new Set([17])]);
  }
});

test('limits that are none are refused by the client, and by the first step of a run', async () => {
  const wrong = { holdEvents: 0 };
  expect(await rejectionOf(connectSelvage({ runLimits: wrong }))).toMatchObject(
    refusal('InvalidConfig', 'holdEvents'),
  );
  const selvage = await openSelvage({ tapestries: [inner] });
  const workflow = await selvage.client.workflow.start('limited-inner', {
    workflowId: unique('wrong'),
    taskQueue: selvage.taskQueue!,
    args: [{ x: 1 }],
    memo: { [MEMO_KEY]: { limits: wrong } },
  });
  await expect(workflow.result()).rejects.toMatchObject({ cause: { type: 'InvalidConfig' } });
});
