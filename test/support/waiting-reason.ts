import type { RunHandle, Selvage } from '../../src/client';

/** What the server shows as the reason why a knot has not ended yet; undefined where there is none. */
export async function waitingReason(
  selvage: Selvage,
  run: RunHandle<object>,
  knotId: string,
): Promise<string | undefined> {
  const { raw } = await selvage.client.workflow.getHandle(run.runId).describe();
  const activity = raw.pendingActivities?.find(({ activityId }) => activityId === knotId);
  return activity?.lastFailure?.message ?? undefined;
}
