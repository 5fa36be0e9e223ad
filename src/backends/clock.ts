import { SelvageError } from '../errors';
import type { RunHistory } from '../protocols';

/** Clocks of machines that write to one run history differ by seconds. */
const TOLERANCE_MS = 60_000;

/**
 * Says so where the newest run began later than it is now, by more than a minute: a `ClockWentBack` to show, not to throw. No time that
 * Selvage measures goes by the clock, so that runs go on; but listings have the newest first by what the clock said.
 */
export async function clockTrouble(
  runHistory: RunHistory,
  now: number = Date.now(),
): Promise<SelvageError | undefined> {
  const [newest] = (await runHistory.listRuns({ limit: 1 })).items;
  if (!newest || newest.started_at <= now + TOLERANCE_MS) return undefined;
  const behindMs = newest.started_at - now;
  return new SelvageError(
    'ClockWentBack',
    `The clock says ${new Date(now).toISOString()}, but run "${newest.run_id}" began at ${new Date(newest.started_at).toISOString()}. ` +
      'Set the clock right. Until it has caught up, listings show new runs below older ones, and waits of the server that were under way ' +
      'take longer by the difference.',
    { details: { run: newest.run_id, behindMs } },
  );
}
