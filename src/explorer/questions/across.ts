import { countWaiting } from '../../connection/across/waiting-run';
import type { Questions, WaitingRunsAnswer } from '../contract';
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
  const counts = countWaiting(items, by).slice(0, GROUPS);
  return { open, working, waiting: items.length, counts, items: items.slice(0, RUNS) };
}

export async function versions({ reach }: ExplorerData): Promise<Questions['versions']['answer']> {
  const found = await reach.ask((selvage) => selvage.versions());
  return found ?? { plans: [], bodies: [], open: 0, unknownRuns: [], silentWorkers: [], workersKnown: false };
}
