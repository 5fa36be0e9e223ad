import { isAway } from '../../errors';
import type { WebhookHost } from './host';
import { Problem } from './problem';
import { withoutBody } from './read-body';

const WAITERS = 100;
const WAIT = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m)$/;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/** The milliseconds that a request wants to wait for its run. Throws `Problem` 400. */
export function waitOf(request: Request, most: number): number {
  const given = new URL(request.url).searchParams.get('wait');
  if (given === null) return 0;
  const [, count, unit] = WAIT.exec(given) ?? [];
  const wait = count === undefined ? NaN : Number(count) * UNITS[unit!]!;
  if (wait <= most) return wait;
  throw withoutBody(
    new Problem(
      'InvalidRequest',
      `"wait" must be a length of time such as 10s, of at most ${most / 1_000} s.`,
    ),
    request,
  );
}

/** Lets requests wait for the end of their run before they are answered. */
export class RunWaits {
  private readonly stopping = new AbortController();
  private waiters = 0;

  constructor(private readonly runs: Pick<WebhookHost['runs'], 'untilOver'>) {}

  get isStopped(): boolean {
    return this.stopping.signal.aborted;
  }

  stop(): void {
    this.stopping.abort();
  }

  /** Returns false at once if too many requests wait already. */
  async untilOver(runId: string, wait: number, gone: AbortSignal): Promise<boolean> {
    if (this.waiters >= WAITERS) return false;
    this.waiters += 1;
    const over = new AbortController();
    const end = (): void => over.abort();
    const signals = [gone, this.stopping.signal];
    for (const signal of signals) signal.addEventListener('abort', end);
    try {
      return await this.runs.untilOver(runId, wait, over.signal);
    } catch (error) {
      // The run has started, so the response can give its status URL.
      if (isAway(error)) return false;
      throw error;
    } finally {
      this.waiters -= 1;
      for (const signal of signals) signal.removeEventListener('abort', end);
    }
  }
}
