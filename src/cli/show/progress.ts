import type { MapProgress, Progress } from '../../client';
import { formatDuration, formatError, formatTime, plural } from '../output/format';
import type { Output } from '../output/output';
import { signalCommand } from '../output/typed-commands';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
const SHOWN_RUNNING = 3;
/** Maximum number of signals that are announced. */
const SHOWN_SIGNALS = 5;

/** Progress as one live line on a terminal; elsewhere a line for each failure, so that a large run fills no log. */
export class ProgressDisplay {
  private last: Progress | undefined;
  private readonly since = performance.now();
  private readonly reported = new Set<string>();
  private readonly announced = new Set<string>();
  private readonly rates = new MapRates();
  private timer: NodeJS.Timeout | undefined;
  private frame = 0;
  private isStopped = false;

  /** @param elsewhere the options by which another command finds the same server and folder */
  constructor(
    private readonly output: Output,
    private readonly elsewhere: readonly string[] = [],
  ) {
    if (output.isLive) this.timer = setInterval(() => this.draw(), FRAME_MS).unref();
  }

  /** Does nothing after {@link stop}. */
  show(progress: Progress): void {
    if (this.isStopped) return;
    this.last = progress;
    this.rates.note(progress.maps, performance.now());
    this.announceSignals(progress);
    for (const { knotId: knot, type, message } of progress.failures) {
      if (this.reported.has(knot)) continue;
      this.reported.add(knot);
      this.output.say(`${this.output.red('failed')} ${knot}: ${formatError({ type, message }, 300)}`);
    }
    this.draw();
  }

  stop(): void {
    this.isStopped = true;
    clearInterval(this.timer);
    this.timer = undefined;
    this.output.endLive();
  }

  /** Announces each wait once, in lines that can be copied. */
  private announceSignals({ runId, waits }: Progress): void {
    for (const { knotId: knot, signal, until } of waits) {
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

/** Formats progress as `3 of 10 knots done, 2 running, 1 failed, 1.2 s fetch, parse`. */
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

/** Milliseconds over which a rate is measured. */
const WINDOW_MS = 30_000;

/** Rates of a run's maps, from successive observations. */
export class MapRates {
  private readonly samples = new Map<string, { readonly at: number; readonly done: number }[]>();

  /** @param at milliseconds of a monotonic clock */
  note(maps: readonly MapProgress[], at: number): void {
    for (const { knotId, done } of maps) {
      const before = this.samples.get(knotId) ?? [];
      // The last observation before the window marks its beginning.
      const kept = before.filter((_, place) => (before[place + 1]?.at ?? at) > at - WINDOW_MS);
      this.samples.set(knotId, [...kept, { at, done }]);
    }
  }

  /** Formats a map's progress as `pages 1,204 of 10,000, 35/s, 4 min 11 s left`. */
  describe(map: MapProgress): string {
    const perMs = this.rateOf(map);
    if (perMs === undefined) return describeMap(map);
    const left = map.total === undefined ? '' : `, ${formatDuration((map.total - map.done) / perMs)} left`;
    return `${describeMap(map)}, ${formatRate(perMs * 1_000)}${left}`;
  }

  private rateOf({ knotId }: MapProgress): number | undefined {
    const samples = this.samples.get(knotId) ?? [];
    const [first, last] = [samples[0], samples.at(-1)];
    if (!first || !last || last.at <= first.at || last.done <= first.done) return undefined;
    return (last.done - first.done) / (last.at - first.at);
  }
}

/** Formats a map's count as `pages 1,204 of 10,000`. */
export function describeMap({ knotId, done, total }: MapProgress): string {
  const count = done.toLocaleString('en-GB');
  return `${knotId} ${total === undefined ? `${count} done` : `${count} of ${total.toLocaleString('en-GB')}`}`;
}

function formatRate(perSecond: number): string {
  if (perSecond >= 10) return `${Math.round(perSecond).toLocaleString('en-GB')}/s`;
  return perSecond >= 1 ? `${perSecond.toFixed(1)}/s` : `${(perSecond * 60).toFixed(1)}/min`;
}
