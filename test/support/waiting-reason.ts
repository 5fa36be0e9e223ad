import type { RunHandle, Selvage } from '../../src/client';

/** The reason that the server shows for an unfinished knot; undefined if there is none. */
export async function waitingReason(
  selvage: Selvage,
  run: RunHandle<object>,
  knotId: string,
): Promise<string | undefined> {
  const { raw } = await selvage.client.workflow.getHandle(run.runId).describe();
  const activity = raw.pendingActivities?.find(({ activityId }) => activityId === knotId);
  return activity?.lastFailure?.message ?? undefined;
}
