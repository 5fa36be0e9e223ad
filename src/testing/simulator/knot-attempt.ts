import { LOST_WORKERS, isOwnSkip } from '../../engine';
import type { Answer, NextIteration } from './activity';
import { Attempt } from './attempt';
import type { KnotRecord } from './store';

/** One attempt at a knot that goes by itself, or at an element of a map: the commit interceptor's part. */
export class KnotAttempt extends Attempt {
  private settled: Answer = { kind: 'cancelled' };

  get answerToGive(): Answer {
    return this.settled;
  }

  throwsOf(): number {
    return this.activity.throws;
  }

  begin(): void {
    const { activity, number, lost, surroundings } = this;
    const { knot } = activity;
    if (number > 1 || activity.task.mayBeRecorded) {
      const record = surroundings.lookUp(knot);
      if (record) return this.recorded(knot, record);
    }
    if (lost >= LOST_WORKERS) {
      surroundings.commit(this, knot, {
        outcome: 'err',
        type: 'WorkerLost',
        message: `${lost} workers were lost`,
      });
    } else {
      surroundings.callBody(this, knot, number + (activity.task.thrown.get(knot) ?? 0));
    }
  }

  threw(knot: number, error: unknown): void {
    const { activity, surroundings } = this;
    activity.throws += 1;
    if (surroundings.retryDelay(knot, activity.throws, error) !== undefined) surroundings.refuse(this);
    else surroundings.commit(this, knot, surroundings.errorRecord(knot, error));
  }

  recorded(_knot: number, record: KnotRecord): void {
    this.settled = answerOf(record);
    this.surroundings.answer(this);
  }

  /** Of a loop: nothing is recorded. */
  goesOn(next: NextIteration): void {
    this.settled = next;
    this.surroundings.answer(this);
  }

  refused(): void {
    this.surroundings.refuse(this);
  }

  cancelled(inBody: readonly number[]): void {
    if (inBody.length > 0) this.surroundings.answer(this);
  }
}

function answerOf(record: KnotRecord): Answer {
  if (record.outcome === 'ok') {
    const { value, choice, extension } = record;
    return {
      kind: 'ok',
      value,
      ...(choice !== undefined && { choice }),
      ...(extension && { extension }),
    };
  }
  if (record.outcome === 'err') return { kind: 'err' };
  const { reason } = record;
  return isOwnSkip(reason) ? { kind: 'skipped', reason } : { kind: 'cancelled' };
}
