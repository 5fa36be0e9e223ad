import {
  countFailures,
  inlineTerminals,
  sumOf,
  type CountedFailures,
  type Envelope,
  type Scheduler,
} from '../scheduler';
import type { ChildRunKnots } from './child-run-knots';
import { detailsTable, type Details } from './details-table';
import type { FailureList } from './failure-list';
import type { KnotFailure, LeftSignals, LiveStatus, RunAnswer, RunCounts } from './messages';
import type { PresentPlan } from './present-plan';
import type { RunningKnots } from './running-knots';
import type { Segments } from './segments';
import type { Signals } from './signals';
import type { Slot } from './slot';
import type { WaitingKnots } from './waiting-knots';
import type { World } from './world';

const LISTED_RUNNING = 100;

export interface ReportedParts {
  readonly world: World;
  readonly present: PresentPlan;
  readonly running: RunningKnots;
  readonly segments: Segments;
  readonly children: ChildRunKnots;
  readonly waiting: WaitingKnots;
  readonly failures: FailureList;
  readonly signals: Signals;
  /** The scheduler is given by a function, as a restored execution replaces it. */
  scheduler(): Scheduler<Slot>;
  isCancelled(): boolean;
}

/** Reports about the run, during it and at its end. A report changes no part of the host. */
export class RunReport {
  private isToShow = false;

  /** `extra`: how many more of each outcome there are than the scheduler counts. */
  constructor(
    private readonly parts: ReportedParts,
    private extra: RunCounts | undefined,
  ) {}

  get standing(): RunCounts | undefined {
    return this.extra;
  }

  /** Some knots settled here have other outcomes on record. */
  noteStanding(standing: RunCounts): void {
    this.extra = sumOf(standing, this.extra);
  }

  get counts(): RunCounts {
    const { ok, err, skipped } = this.parts.scheduler().counts;
    return sumOf({ ok, err, skipped }, this.extra);
  }

  get firstFailure(): KnotFailure | undefined {
    return this.parts.failures.firstCounted;
  }

  get countedFailures(): CountedFailures {
    const scheduler = this.parts.scheduler();
    return countFailures(this.parts.present.layout, (knot) => scheduler.outcomeKind(knot));
  }

  get outcomes(): string {
    return this.parts.scheduler().save().outcomes;
  }

  valuesOf(knots: readonly number[]): [number, Envelope][] {
    return knots.flatMap((knot) => {
      const slot = this.parts.scheduler().value(knot);
      return slot ? [[knot, slot.envelope] as [number, Envelope]] : [];
    });
  }

  terminals(): RunAnswer['terminals'] {
    const scheduler = this.parts.scheduler();
    return inlineTerminals(this.parts.present.layout, (knot) => scheduler.value(knot));
  }

  get leftSignals(): LeftSignals | undefined {
    const { waiting, signals } = this.parts;
    const { unreadByCount: unread } = waiting;
    const { refused } = signals;
    if (!unread && !refused) return undefined;
    const payloads = [...new Set(waiting.unread.map(({ payload }) => payload.hash))];
    return { ...(unread && { unread, payloads }), ...(refused && { refused }) };
  }

  status(): LiveStatus {
    const { present, running, segments, children } = this.parts;
    const all = [...children.knotsAway, ...running.here, ...segments.all.flat()];
    return {
      plan: present.hash,
      ...this.details(),
      running: all.slice(0, LISTED_RUNNING).map((knot) => present.idOf(knot)),
      cancelled: this.parts.isCancelled(),
      ...(segments.size > 0 && { segments: segments.size }),
    };
  }

  /** Updates Temporal's page once per batch of events: with many waits, the table costs more than a knot. */
  show(): void {
    if (this.isToShow) return;
    this.isToShow = true;
    void Promise.resolve().then(() => {
      this.isToShow = false;
      this.parts.world.show(detailsTable(this.details()));
    });
  }

  private details(): Details {
    const { waiting: waits, failures } = this.parts;
    const { running, waiting, total } = this.parts.scheduler().counts;
    const open = waits.size;
    const listed = waits.list();
    const { leftSignals } = this;
    return {
      counts: { ...this.counts, running: running - open, waiting: waiting + open, total },
      failures: failures.all,
      ...(listed.length > 0 && { waits: listed }),
      ...(leftSignals && { signals: leftSignals }),
    };
  }
}

export function statusAfter({ plan, counts }: RunAnswer): LiveStatus {
  const total = counts.ok;
  return {
    plan,
    counts: { ...counts, running: 0, waiting: 0, total },
    running: [],
    failures: [],
    cancelled: false,
  };
}

export const NOTHING_YET: LiveStatus = {
  plan: null,
  counts: { ok: 0, err: 0, skipped: 0, running: 0, waiting: 0, total: 0 },
  running: [],
  failures: [],
  cancelled: false,
};
