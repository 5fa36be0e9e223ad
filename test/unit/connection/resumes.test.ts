import { WorkflowNotFoundError, type WorkflowClient } from '@temporalio/client';
import { InMemoryRunHistory } from '../../../src/adapters/memory';
import { claimResume } from '../../../src/connection/resumes';
import type { Backends, RunRecord } from '../../../src/ports';
import { sampleRun } from '../../../src/testing/sample-records';
import { MEMO_KEY } from '../../../src/workflows/messages';

const failed: RunRecord = { ...sampleRun(), status: 'failed', finished_at: 2 };

/** A server on which no run of another id is there until it was asked for so many times. */
function clientOf(missing: number): { readonly client: WorkflowClient; readonly asked: () => number } {
  let asked = 0;
  const describe = async (): Promise<unknown> => {
    asked += 1;
    if (asked <= missing) throw new WorkflowNotFoundError('Not there.', 'x', undefined);
    const resume = { runId: failed.run_id, temporalRunId: failed.temporal_run_id };
    return { memo: { [MEMO_KEY]: { resume } }, status: { name: 'RUNNING' } };
  };
  return {
    client: { getHandle: () => ({ describe }) } as unknown as WorkflowClient,
    asked: () => asked,
  };
}

async function claimedBy(runId: string): Promise<{ readonly backends: Backends; readonly run: RunRecord }> {
  const runHistory = new InMemoryRunHistory();
  await runHistory.startRun(failed);
  const backends = { runHistory } as unknown as Backends;
  await claimResume(backends, clientOf(Infinity).client, failed, { runId });
  return { backends, run: (await runHistory.getRunByTemporalId(failed.temporal_run_id))! };
}

test('a run that another process has just claimed, and not started yet, is not resumed a second time', async () => {
  const { backends, run } = await claimedBy('one');
  await expect(claimResume(backends, clientOf(2).client, run, { runId: 'other' })).rejects.toMatchObject({
    code: 'AlreadyResumed',
    details: { resumedAs: [{ runId: 'one', status: 'running' }] },
  });
  // Nor does anybody wait for the one that was refused.
  const { details } = (await backends.runHistory.getRun(run.run_id))!;
  expect(details).toMatchObject({ resumed_as: ['one', 'other'], resume_claimed_at: 0 });
});

test('nobody waits for who claimed a run long ago and has started none', async () => {
  const { backends, run } = await claimedBy('one');
  const details = { ...run.details, resume_claimed_at: Date.now() - 60_000 };
  const { client, asked } = clientOf(Infinity);
  await claimResume(backends, client, { ...run, details }, { runId: 'other' });
  expect(asked()).toBe(2);
});
