import { isGrpcServiceError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';

import { knot, tapestry, waitForSignal } from '../../src';
import type { Selvage } from '../../src/client';
import { LAYOUT_ACTIVITY } from '../../src/workflows/messages';
import { historyOf } from '../support/history';
import { Latch } from '../support/latch';
import { closeAll, connectSelvage, startWorker } from '../support/open-selvage';
import { rejectionOf } from '../support/rejection-of';
import { until } from '../support/until';

afterEach(closeAll);

/** UpdateWorkflowExecutionLifecycleStage, and a status code of gRPC. */
const ADMITTED = 1;
const NOT_FOUND = 5;

const join = knot('join', (all: Record<string, unknown>) => Object.values(all).join());
const single = tapestry('one-wait', () => ({
  line: join({ n: waitForSignal('n', z.number(), { id: 'n' }) }, { id: 'line' }),
}));

const inOrder = tapestry('waits-in-order', () => {
  const first = waitForSignal('n', z.number(), { id: 'first' });
  const second = waitForSignal('n', z.number(), { id: 'second', after: [first] });
  return { line: join({ first, second }, { id: 'line' }) };
});

test('a signal that is sent again is answered as it was by an execution that has only just begun, when nothing waits any more', async () => {
  const selvage = await connectSelvage({ runLimits: { signalsToContinue: 1 } });
  const asked = new Latch();
  const mayBegin = new Latch();
  await startWorker(selvage, {
    tapestries: [single],
    interceptors: {
      activity: [
        ({ info }) => ({
          inbound: {
            execute: async (input, next) => {
              if (info.activityType !== LAYOUT_ACTIVITY) return await next(input);
              // The call is made again outside of the workflow task, which would hold back what arrives meanwhile.
              if (info.isLocal) throw ApplicationFailure.retryable('Not here');
              asked.open();
              await mayBegin.passed;
              return await next(input);
            },
          },
        }),
      ],
    },
  });
  const run = await selvage.start(single, {});
  const send = async () => await run.signal('n', 7, { id: 'the-only' });
  const first = await send();
  expect(first).toEqual({ takenBy: 'n' });
  await asked.passed;
  const again = send();
  await until('the signal has arrived', async () =>
    (await historyOf(selvage, run.runId)).some(
      (event) => event.workflowExecutionUpdateAcceptedEventAttributes,
    ),
  );
  mayBegin.open();
  expect(await again).toEqual(first);
  expect(await run.values()).toEqual({ line: '7' });
});

test('a signal that is sent again is answered as it was by a run that goes on with a new history, and ends, before it has seen it', async () => {
  const selvage = await connectSelvage({ runLimits: { signalsToContinue: 1 } });
  const asked = new Latch();
  const mayContinue = new Latch();
  let continuations = 0;
  await startWorker(selvage, {
    tapestries: [inOrder],
    dataConverter: {
      payloadCodecs: [
        {
          encode: async (payloads) => {
            const isContinuation = payloads.some(({ data }) => Buffer.from(data ?? []).includes('"saved":'));
            if (isContinuation && ++continuations === 2) {
              asked.open();
              await mayContinue.passed;
            }
            return payloads;
          },
          decode: (payloads) => Promise.resolve(payloads),
        },
      ],
    },
  });
  const run = await selvage.start(inOrder, {});
  const sendNumber = async (n: number) => await run.signal('n', n, { id: `signal-${n}` });
  const first = await sendNumber(1);
  const workflow = selvage.client.workflow.getHandle(run.runId);
  const { runId: execution } = await workflow.describe();
  await until('the run has continued', async () => (await workflow.describe()).runId !== execution);
  await sendNumber(2);
  await asked.passed;
  const unanswered = rejectionOf(run.signal('n', 1, { id: 'signal-1', timeout: 3_000 }));
  await until('the signal is on the server', async () => await hasUpdate(selvage, run.runId, execution));
  // Its sender is gone, and so the next execution does not get it either.
  expect(await unanswered).toMatchObject({ code: 'SignalUnanswered' });
  mayContinue.open();
  expect(await run.values()).toEqual({ line: '1,2' });
  expect(await sendNumber(1)).toEqual(first);
});

/** Whether the latest execution of a run has been sent the first update of an earlier one. */
async function hasUpdate(selvage: Selvage, runId: string, earlier: string): Promise<boolean> {
  const { acceptedRequest } = (await historyOf(selvage, runId, earlier)).find(
    (event) => event.workflowExecutionUpdateAcceptedEventAttributes,
  )!.workflowExecutionUpdateAcceptedEventAttributes!;
  const { runId: execution } = await selvage.client.workflow.getHandle(runId).describe();
  try {
    await selvage.client.workflowService.pollWorkflowExecutionUpdate({
      namespace: selvage.location.namespace,
      updateRef: {
        workflowExecution: { workflowId: runId, runId: execution },
        updateId: acceptedRequest!.meta!.updateId!,
      },
      waitPolicy: { lifecycleStage: ADMITTED },
    });
    return true;
  } catch (error) {
    if (isGrpcServiceError(error) && error.code === NOT_FOUND) return false;
    throw error;
  }
}
