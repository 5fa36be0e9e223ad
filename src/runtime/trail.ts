import type { RecordedAttempt, RecordedWait } from '../authoring/run-graph';
import { messageText } from '../errors';
import type { LineageRecord } from '../ports';
import type { HostLost } from './body-host';
import { tellError } from './exception-record';
import type { AttemptTimes } from './knot-runner';

/** Maximum attempts, and waits, in a trail; the newest are kept. */
const TRAIL_LENGTH = 32;
/** Shorter waits for a limit are not reported. */
export const NOTED_WAIT_MS = 100;
/** Waits of one kind with a shorter gap between them are merged. */
const APART_MS = 1_000;

/** The knot's attempts without an outcome, and the periods in which it could not proceed. */
export interface Trail {
  readonly attempts: readonly RecordedAttempt[];
  readonly waits: readonly RecordedWait[];
}

export const NO_TRAIL: Trail = { attempts: [], waits: [] };

/** Attempts that ended because a worker or a body host was lost. */
export function lostIn(attempts: Trail['attempts']): number {
  return attempts.filter(({ reason }) => reason.code === 'WorkerLost').length;
}

export function withAttempt(trail: Trail, attempt: RecordedAttempt): Trail {
  return { ...trail, attempts: [...trail.attempts, attempt].slice(-TRAIL_LENGTH) };
}

/** Extends the last wait if this one continues it. Drops a wait of no duration. */
export function withWait(trail: Trail, { code, since, until }: RecordedWait): Trail {
  if (until <= since) return trail;
  const { waits } = trail;
  const last = waits.at(-1);
  if (last?.code === code && since - last.until <= APART_MS) {
    const longer = { code, since: last.since, until: Math.max(last.until, until) };
    return { ...trail, waits: [...waits.slice(0, -1), longer] };
  }
  return { ...trail, waits: [...waits, { code, since, until }].slice(-TRAIL_LENGTH) };
}

export function withTrail(record: LineageRecord, trail: Trail | undefined): LineageRecord {
  if (trail === undefined || (trail.attempts.length === 0 && trail.waits.length === 0)) return record;
  const { attempts, waits } = trail;
  return {
    ...record,
    extra: {
      ...record.extra,
      ...(attempts.length > 0 && { attempts }),
      ...(waits.length > 0 && { waits }),
    },
  };
}

const REASON_LENGTH = 500;

export function endReason({ type, message }: EndReason): RecordedAttempt['reason'] {
  return { code: type, message: messageText(message, REASON_LENGTH) };
}

export interface EndReason {
  readonly type: string;
  readonly message: string;
}

/** The trail of a knot whose attempts all run in one process. Allocates nothing before the first throw or wait. */
export class LocalTrail {
  trail: Trail | undefined;

  constructor(private readonly worker: string | null) {}

  thrown(error: unknown, attempt: AttemptTimes): void {
    this.ended(attempt, tellError(error));
  }

  /** Notes that the body's thread or process has died, while this process lives. */
  hostLost({ message }: HostLost, attempt: AttemptTimes): void {
    this.ended(attempt, { type: 'WorkerLost', message });
  }

  private ended({ attempt, startedAt, endedAt }: AttemptTimes, reason: EndReason): void {
    this.trail = withAttempt(this.trail ?? NO_TRAIL, {
      attempt,
      started_at: startedAt,
      ended_at: endedAt,
      ...(this.worker !== null && { worker: this.worker }),
      reason: endReason(reason),
    });
  }

  waited(code: string, since: number, until: number): void {
    this.trail = withWait(this.trail ?? NO_TRAIL, { code, since, until });
  }
}
