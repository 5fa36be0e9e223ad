import { SelvageError } from '../errors';
import type { RunHistory } from '../ports';

/** Machines that write to one run history may differ by seconds. */
const TOLERANCE_MS = 60_000;
/** The time for which a measured difference is used. */
const GOOD_FOR_MS = 600_000;

const told = new WeakSet<Pick<RunHistory, 'now'>>();

/** A run history's time for workers with different clocks: the machine's time plus the last known difference. */
export class HistoryClock {
  private aheadMs = 0;
  private askedAt = -Infinity;

  /** @param tell called once per history if its clock differs from the machine's by more than a minute */
  constructor(
    private readonly runHistory: Pick<RunHistory, 'now'>,
    private readonly tell: (trouble: SelvageError) => void = () => {},
  ) {}

  readonly now = (): number => {
    if (performance.now() - this.askedAt > GOOD_FOR_MS) void this.ask();
    return Date.now() + this.aheadMs;
  };

  /** Never rejects. */
  async ask(): Promise<void> {
    this.askedAt = performance.now();
    try {
      this.aheadMs = await aheadMs(this.runHistory);
    } catch {
      // Callers that need the history report the error.
      return;
    }
    const trouble = differs(this.aheadMs);
    if (!trouble || told.has(this.runHistory)) return;
    told.add(this.runHistory);
    this.tell(trouble);
  }
}

/**
 * A clock problem to report: `ClockSkew` (more than a minute from the run history's) or `ClockWentBack` (before the
 * newest run). Runs continue, as Selvage measures no duration by the clock; but listings are ordered by the history's
 * times.
 */
export async function clockTrouble(
  runHistory: Pick<RunHistory, 'now' | 'listRuns'>,
): Promise<SelvageError | undefined> {
  const ahead = await aheadMs(runHistory);
  const difference = differs(ahead);
  if (difference) {
    told.add(runHistory);
    return difference;
  }
  const now = Date.now() + ahead;
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

/** Milliseconds that the history's clock is ahead of the machine's; 0 if within the duration of the query. */
async function aheadMs(runHistory: Pick<RunHistory, 'now'>): Promise<number> {
  const asked = Date.now();
  const theirs = await runHistory.now();
  const tookMs = Date.now() - asked;
  const ahead = theirs - asked - tookMs / 2;
  return Math.abs(ahead) <= Math.abs(tookMs) + 1 ? 0 : Math.round(ahead);
}

function differs(ahead: number): SelvageError | undefined {
  if (Math.abs(ahead) <= TOLERANCE_MS) return undefined;
  const now = Date.now();
  const seconds = Math.round(Math.abs(ahead) / 1_000);
  return new SelvageError(
    'ClockSkew',
    `The clock of this machine says ${new Date(now).toISOString()}, and the run history's says ${new Date(now + ahead).toISOString()}: it is ${seconds} s ` +
      `${ahead > 0 ? 'behind' : 'ahead'}. Records have the time of the history. Set both clocks right.`,
    { details: { aheadMs: -ahead } },
  );
}
