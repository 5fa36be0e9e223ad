import { isBackendTrouble } from '../../errors';
import type { RunHistory, RunRecord } from '../../ports';
import { usualTimes, type UsualTimes } from '../../visualisation/marks';

const WEEK_MS = 7 * 86_400_000;

/** Usual times of knots in the week before a run. */
export async function usualBefore(
  history: RunHistory,
  { started_at: until }: Pick<RunRecord, 'started_at'>,
): Promise<UsualTimes> {
  try {
    return usualTimes(await history.statistics({ by: 'definition', since: until - WEEK_MS, until }));
  } catch (error) {
    if (!isBackendTrouble(error)) throw error;
    // A run is shown without the marks of slow knots.
    return new Map();
  }
}
