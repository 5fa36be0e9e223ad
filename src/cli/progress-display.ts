import type { Progress } from '../client';
import { formatDuration, formatTime, plural, shorten } from './format';
import { MapRates } from './map-rates';
import type { Output } from './output';
import { signalCommand } from './signal-command';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
const SHOWN_RUNNING = 3;
/** A run that waits for a thousand says the first of them. */
const SHOWN_SIGNALS = 5;

/**
 * Shows how a run goes on: for a person who watches, one line that is kept up to date; elsewhere a line for each failure and
 * nothing for what goes well, so that a run of thousands of knots does not fill a log.
 */
export class ProgressDisplay {
  private last: Progress | undefined;
  private readonly since = performance.now();
  private readonly reported = new Set<string>();
  private readonly announced = new Set<string>();
  private readonly rates = new MapRates();
  private timer: NodeJS.Timeout | undefined;
  private frame = 0;
  private isStopped = false;

  /** @param elsewhere the words by which another command finds the same server and folder */
  constructor(
    private readonly output: Output,
    private readonly elsewhere: readonly string[] = [],
  ) {
    if (output.isLive) this.timer = setInterval(() => this.draw(), FRAME_MS).unref();
  }

  /** After {@link stop}, nothing is shown any more. */
  show(progress: Progress): void {
    if (this.isStopped) return;
    this.last = progress;
    this.rates.note(progress.maps, performance.now());
    this.announceSignals(progress);
    for (const { knot, type, message } of progress.failures) {
      if (this.reported.has(knot)) continue;
      this.reported.add(knot);
      this.output.say(`${this.output.red('failed')} ${knot}: ${shorten(`${type}: ${message}`, 300)}`);
    }
    this.draw();
  }

  stop(): void {
    this.isStopped = true;
    clearInterval(this.timer);
    this.timer = undefined;
    this.output.endLive();
  }

  /** Each wait once, in lines that can be copied from. */
  private announceSignals({ runId, waits }: Progress): void {
    for (const { knot, signal, until } of waits) {
      if (signal === undefined || this.announced.has(knot)) continue;
      this.announced.add(knot);
      if (this.announced.size > SHOWN_SIGNALS) continue;
      const { output, elsewhere } = this;
      const end = until === undefined ? '' : ` until ${formatTime(until)}`;
      output.say(`${output.yellow('waits')} ${knot}: for the signal "${signal}"${end}. Send it with:`);
      output.say(`  ${signalCommand(runId, signal, elsewhere)}`);
    }
  }

  private draw(): void {
    if (!this.timer) return;
    this.frame = (this.frame + 1) % FRAMES.length;
    const maps = this.last?.maps.map((map) => this.rates.describe(map)) ?? [];
    const line = progressLine(this.last, performance.now() - this.since);
    this.output.live([FRAMES[this.frame], ...maps.map((map) => `${map};`), line].join(' '));
  }
}

/** `3 of 10 knots done, 2 running, 1 failed, 1.2 s  fetch, parse` */
export function progressLine(
  progress: (Pick<Progress, 'counts' | 'running'> & Partial<Pick<Progress, 'waits'>>) | undefined,
  elapsed: number,
): string {
  if (!progress) return `waiting for a worker, ${formatDuration(elapsed)}`;
  const { ok, err, skipped, running, total } = progress.counts;
  const done = ok + err + skipped;
  const names = progress.running.slice(0, SHOWN_RUNNING).join(', ');
  const more = progress.running.length > SHOWN_RUNNING ? ', …' : '';
  const counts = [
    `${done} of ${plural(total, 'knot')} done, ${running} running`,
    ...(progress.waits?.length ? [`${progress.waits.length} waiting`] : []),
    ...(err > 0 ? [`${err} failed`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    formatDuration(elapsed),
  ];
  return `${counts.join(', ')}${names && `  ${names}${more}`}`;
}
