import type { Progress } from '../client';
import { formatDuration, shorten } from './format';
import type { Output } from './output';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
const SHOWN_RUNNING = 3;

/**
 * Shows how a run goes on: for a person who watches, one line that is kept up to date; elsewhere a line for each failure and
 * nothing for what goes well, so that a run of thousands of knots does not fill a log.
 */
export class ProgressDisplay {
  private last: Progress | undefined;
  private readonly since = performance.now();
  private readonly reported = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private frame = 0;
  private isStopped = false;

  constructor(private readonly output: Output) {
    if (output.isLive) this.timer = setInterval(() => this.draw(), FRAME_MS).unref();
  }

  /** After {@link stop}, nothing is shown any more. */
  show(progress: Progress): void {
    if (this.isStopped) return;
    this.last = progress;
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

  private draw(): void {
    if (!this.timer) return;
    this.frame = (this.frame + 1) % FRAMES.length;
    this.output.live(`${FRAMES[this.frame]} ${progressLine(this.last, performance.now() - this.since)}`);
  }
}

/** `3 of 10 knots done, 2 running, 1 failed, 0 skipped, 1.2 s  fetch, parse` */
export function progressLine(
  progress: Pick<Progress, 'counts' | 'running'> | undefined,
  elapsed: number,
): string {
  if (!progress) return `waiting for a worker, ${formatDuration(elapsed)}`;
  const { ok, err, skipped, running, total } = progress.counts;
  const done = ok + err + skipped;
  const names = progress.running.slice(0, SHOWN_RUNNING).join(', ');
  const more = progress.running.length > SHOWN_RUNNING ? ', …' : '';
  const counts = `${done} of ${total} knots done, ${running} running, ${err} failed, ${skipped} skipped`;
  return `${counts}, ${formatDuration(elapsed)}${names && `  ${names}${more}`}`;
}
