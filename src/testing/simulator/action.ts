import type { Activity } from './activity';
import { blowSet, type BlowSet } from './adversary';
import type { Attempt, BodyEnd } from './attempt';
import { SegmentAttempt } from './segment-attempt';
import type { KnotRecord } from './store';
import type { Subject } from './subject';

/** What is to be done next in a run. */
export type Action =
  | { readonly step: 'start' | 'settle' }
  /** A worker is given the next attempt. */
  | { readonly step: 'begin' | 'beginSegment'; readonly activity: Activity }
  | { readonly step: 'return'; readonly attempt: Attempt; readonly knot: number; readonly end: BodyEnd }
  | {
      readonly step: 'put' | 'record';
      readonly attempt: Attempt;
      readonly knot: number;
      readonly record: KnotRecord;
    }
  | {
      readonly step: 'answer' | 'answerSegment' | 'hear' | 'deliver' | 'deliverSegment';
      readonly attempt: Attempt;
    };

/** An answer that the server has, on its way to the workflow. */
export function isDelivery({ step }: Action): boolean {
  return step === 'deliver' || step === 'deliverSegment';
}

/** Of a segment: its first knot. */
export function knotOf(action: Action): number {
  if ('knot' in action) return action.knot;
  if ('attempt' in action) return action.attempt.activity.knot;
  return 'activity' in action ? action.activity.knot : 0;
}

const ON_THE_WAY = blowSet('delay', 'kill');
const IN_AN_ATTEMPT = blowSet('delay', 'kill', 'refuse');
const AT_A_DELIVERY = blowSet('delay', 'kill', 'evict', 'continue');
const DELAY = blowSet('delay');
const GIVE_UP = blowSet('giveUp');
const THROW = blowSet('throw');
const STOP = blowSet('stop');
const CONTINUE = blowSet('continue');

/** What can strike before the action, of all that is no cancel. */
export function possibleBlows(action: Action, subject: Subject): BlowSet {
  switch (action.step) {
    case 'start':
      return CONTINUE;
    case 'begin':
    case 'beginSegment':
    case 'settle':
      return ON_THE_WAY;
    case 'return': {
      const { attempt, knot, end } = action;
      const { maximumAttempts = 1 } = subject.retries[knot] ?? {};
      const mayThrow = end.kind === 'recorded' && attempt.throwsOf(knot) + 1 < maximumAttempts;
      const isInSegment = attempt instanceof SegmentAttempt;
      return IN_AN_ATTEMPT | givingUp(attempt) | (mayThrow ? THROW : 0) | (isInSegment ? STOP : 0);
    }
    case 'put':
    case 'record':
      return IN_AN_ATTEMPT | givingUp(action.attempt);
    case 'answer':
    case 'answerSegment':
      return ON_THE_WAY | givingUp(action.attempt);
    case 'hear':
      return DELAY;
    case 'deliver':
    case 'deliverSegment':
      return AT_A_DELIVERY;
  }
}

/** The server can give up only the attempt that it waits for. */
function givingUp(attempt: Attempt): BlowSet {
  return attempt.activity.current === attempt ? GIVE_UP : 0;
}
