import type { Overlap } from '../../../src';
import type { Scheduler } from '../../support/schedulers';

interface PlannedStart {
  /** Undefined: that of the schedule, whenever it is decided. */
  readonly overlap: Overlap | undefined;
  /** Whether somebody asked for it, so that a paused schedule starts it, too. */
  readonly manual: boolean;
}

/** What the server says of a schedule. */
export interface Observed {
  readonly started: number;
  readonly skipped: number;
  /** For the end of other runs. */
  readonly waiting: number;
  /** Runs that are not over, as far as the server counts them. */
  readonly running: number;
  readonly paused: boolean;
}

/** What a schedule does, without a server and without time. */
export class ScheduleModel {
  overlap: Overlap = 'skip';
  paused = false;
  note: string | null = null;
  started = 0;
  /** Runs that were asked for, and that neither start nor wait nor count as skipped. */
  dropped = 0;
  private skipped = 0;
  /** Runs that are not over and that others wait for. */
  private open = 0;
  /** Runs that are not over, beside which the older scheduler starts others. */
  private beside = 0;
  /** Those that wait. */
  private buffer: PlannedStart[] = [];

  constructor(private readonly scheduler: Scheduler) {}

  get observed(): Observed {
    return {
      started: this.started,
      skipped: this.skipped,
      waiting: this.buffer.length,
      running: this.open,
      paused: this.paused,
    };
  }

  get isAnyOpen(): boolean {
    return this.open + this.beside > 0;
  }

  /** Somebody asks for so many runs at once. */
  ask(count: number, overlap: Overlap): void {
    this.decide(Array.from({ length: count }, () => ({ overlap, manual: true })));
  }

  /** The older scheduler looks at all that wait at each update; planned times that wait have the new policy there. */
  update(overlap: Overlap): void {
    this.overlap = overlap;
    if (this.scheduler === 'V1') this.decide([]);
  }

  /** A planned time has come. The newer scheduler gives it the policy of this moment. */
  tick(): void {
    const overlap = this.scheduler === 'V1' ? undefined : this.overlap;
    if (!this.paused) this.decide([{ overlap, manual: false }]);
  }

  /** All runs that are not over end. */
  complete(): void {
    this.beside = 0;
    for (let ending = this.open; ending > 0; ending -= 1) this.endOne();
  }

  /** A scheduler hears of each end by itself, and looks at all that wait each time. */
  private endOne(): void {
    this.open -= 1;
    this.decide(this.buffer.splice(0));
  }

  /** Those that have come start, are skipped, or wait. */
  private decide(come: readonly PlannedStart[]): void {
    const policyOf = ({ overlap }: PlannedStart): Overlap => overlap ?? this.overlap;
    // The older scheduler decides anew of all that wait whenever one comes; the newer one looks at those that have come, and at all when a run is over.
    const looked = this.scheduler === 'V1' ? [...this.buffer, ...come] : come;
    const rest = this.scheduler === 'V1' ? [] : this.buffer;
    const isRunning = this.open > 0;
    const waits: PlannedStart[] = [];
    let next: PlannedStart | undefined;
    let alongside: PlannedStart[] = [];
    let ends: 'cancel' | 'terminate' | undefined;
    for (const start of looked) {
      const policy = policyOf(start);
      if (policy === 'allow-all') alongside.push(start);
      else if (!isRunning && !next) next = start;
      else if (policy === 'skip' || (policy === 'buffer-one' && waits.length > 0)) this.skipped += 1;
      else if (policy === 'buffer-one' || policy === 'buffer-all') waits.push(start);
      else if (!isRunning) next = start;
      else {
        ends = policy === 'terminate-other' ? 'terminate' : (ends ?? 'cancel');
        waits.push(start);
      }
    }
    if (ends) {
      this.dropped += alongside.length;
      alongside = [];
    }
    const mayStart = (start: PlannedStart): boolean => start.manual || !this.paused;
    const besides = alongside.filter(mayStart).length;
    this.started += besides;
    if (this.scheduler === 'V2') this.open += besides;
    else this.beside += besides;
    this.buffer = [...rest, ...waits];
    if (next && mayStart(next)) {
      this.started += 1;
      this.open += 1;
    } else if (next && this.scheduler === 'V1') {
      // The older scheduler goes on with the next one that waits; with the newer one, the rest waits for the end of a later run.
      this.decide([]);
    }
    // Where several are terminated, what terminates them waits on until the last of them is over.
    if (ends === 'terminate') this.endOne();
  }
}
