import { countWaiting } from '../../client/across/waiting-run';
import type { Questions, VersionsAnswer, WaitingRunsAnswer } from '../contract';
import type { ExplorerData } from '../data';

const GROUPS = 100;
const RUNS = 200;
/** Who looks at a page waits no longer. */
const WITHIN_MS = 3_000;

/** Which unfinished runs wait. Without a server, nobody can tell. */
export async function waitingRuns(
  { reach }: ExplorerData,
  { by }: Questions['waitingRuns']['ask'],
): Promise<WaitingRunsAnswer> {
  const found = await reach.ask((selvage) => selvage.runs.waiting({ within: WITHIN_MS }));
  const { items, open, working } = found ?? { items: [], open: 0, working: 0 };
  return {
    open,
    working,
    waiting: items.length,
    counts: countWaiting(items, by).slice(0, GROUPS),
    items: items.slice(0, RUNS).map(({ runId, tapestry, knotId, since, reason }) => ({
      runId,
      tapestry,
      ...(knotId !== undefined && { knotId }),
      since,
      code: reason.code,
      message: reason.message,
    })),
  };
}

export async function versions({ reach }: ExplorerData): Promise<VersionsAnswer> {
  const found = await reach.ask((selvage) => selvage.versions());
  const { bodies = [], silentWorkers = [], workersKnown = false } = found ?? {};
  return {
    workersKnown: workersKnown && silentWorkers.length === 0,
    items: bodies.map(({ body, codeHash, runs, oldestRunId, workers, safeToRemove }) => ({
      body,
      ...(codeHash !== null && { codeHash }),
      runs,
      ...(oldestRunId !== undefined && { oldestRunId }),
      workers: workers.length,
      ...(safeToRemove !== null && { safeToRemove }),
    })),
  };
}
