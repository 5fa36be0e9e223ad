import type { Activity, Answer } from './activity';
import { blowSet, type BlowSet } from './adversary';
import { GroupAttempt, type Attempt, type BodyEnd } from './attempt';
import type { Expansion } from './expansion';
import type { SimulatedRun } from './simulated-run';
import type { KnotRecord } from './store';

/** What is to be done next in the world of a run. */
export type Action =
  | { readonly step: 'start' | 'settle'; readonly run: SimulatedRun }
  /** A worker is given the next attempt; before that, of a knot that waits, what it waits for comes. */
  | { readonly step: 'wake' | 'begin' | 'beginSegment'; readonly activity: Activity }
  /** What a knot expands to is made ready; or, of a cancel, heard of there. */
  | { readonly step: 'expand' | 'hear'; readonly expansion: Expansion }
  /** The run hears what came of it. */
  | { readonly step: 'tell'; readonly expansion: Expansion; readonly answer: Answer }
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

/** Or an element of a map, as of `units.ts`; of a segment or batch: its first. */
export function knotOf(action: Action): number {
  if ('knot' in action) return action.knot;
  if ('attempt' in action) return action.attempt.activity.knot;
  if ('expansion' in action) return action.expansion.knot;
  return 'activity' in action ? action.activity.knot : 0;
}

export function runOf(action: Action): SimulatedRun {
  if ('attempt' in action) return action.attempt.activity.run;
  if ('expansion' in action) return action.expansion.run;
  return 'activity' in action ? action.activity.run : action.run;
}

const ON_THE_WAY = blowSet('delay', 'kill');
const IN_AN_ATTEMPT = blowSet('delay', 'kill', 'refuse');
const AT_A_DELIVERY = blowSet('delay', 'kill', 'evict', 'continue');
const TO_THE_WORKFLOW = blowSet('delay', 'evict', 'continue');
const DELAY = blowSet('delay');
const GIVE_UP = blowSet('giveUp');
const THROW = blowSet('throw');
const STOP = blowSet('stop');
const CONTINUE = blowSet('continue');

/** What can strike before the action, of all that is no cancel. */
export function possibleBlows(action: Action): BlowSet {
  switch (action.step) {
    case 'start':
      return CONTINUE;
    case 'begin':
    case 'beginSegment':
    case 'expand':
    case 'settle':
      return ON_THE_WAY;
    case 'wake':
    case 'tell':
      return TO_THE_WORKFLOW;
    case 'return': {
      const { attempt, knot, end } = action;
      const { maximumAttempts = 1 } = attempt.activity.run.subject.retryOf(knot) ?? {};
      const mayThrow = end.kind !== 'threw' && attempt.throwsOf(knot) + 1 < maximumAttempts;
      const isInGroup = attempt instanceof GroupAttempt;
      return IN_AN_ATTEMPT | givingUp(attempt) | (mayThrow ? THROW : 0) | (isInGroup ? STOP : 0);
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
