import { SelvageError } from '../../errors';
import type { Subject } from './subject';

/** Blows to a run, the simplest first. {@link WORDS} describes them. */
export const BLOWS = [
  'delay',
  'kill',
  'evict',
  'refuse',
  'throw',
  'giveUp',
  'stop',
  'clock',
  'suggest',
  'continue',
  'lose',
  'terminate',
  'cancel',
  'deadline',
  'graceOver',
] as const;

export type BlowKind = (typeof BLOWS)[number];

/** The steps of a run; a blow may strike before each step. The later steps are of segments and batches. */
const STEPS = [
  'start',
  'wake',
  'expand',
  'begin',
  'return',
  'put',
  'record',
  'answer',
  'deliver',
  'tell',
  'hear',
  'settle',
  'beginSegment',
  'answerSegment',
  'deliverSegment',
] as const;

export type Step = (typeof STEPS)[number];

/** A boundary before a step: the `time`th of its kind for this knot or segment. */
export interface Point {
  readonly step: Step;
  /**
   * A knot's id; for a segment, the id of its first knot. The name may also be of an element of a map (`map[0]`), a
   * knot of a run of a knot (`loop#2/step`), or a knot of an extension.
   */
  readonly knot: string;
  /** From 1. */
  readonly time: number;
}

export interface Blow {
  readonly kind: BlowKind;
  readonly at: Point;
}

/** All that distinguishes simulated runs. Without blows, ready work is done in order of arrival. */
export interface Schedule {
  /** Whether `local` knots run in segments. */
  readonly segments: boolean;
  readonly window: number;
  /** The knots whose body throws at every attempt. */
  readonly failing: readonly string[];
  /** Knots that are Ok from the start, as the run resumes another run. */
  readonly takenOver: readonly string[];
  readonly blows: readonly Blow[];
}

export const WHOLE_WINDOW = 500;

export const UNDISTURBED: Schedule = {
  segments: false,
  window: WHOLE_WINDOW,
  failing: [],
  takenOver: [],
  blows: [],
};

/** The moment of a blow in the life of an attempt. */
const MOMENTS: Record<Step, (id: string) => string> = {
  start: () => 'before the run starts',
  wake: (id) => `as what "${id}" waits for comes`,
  expand: (id) => `as the parts of "${id}" are made ready`,
  begin: (id) => `as "${id}" is handed to it`,
  return: (id) => `in the body of "${id}"`,
  put: (id) => `after the body of "${id}"`,
  record: (id) => `after the value of "${id}" is put`,
  answer: (id) => `after the record of "${id}" is inserted`,
  deliver: (id) => `after the answer of "${id}" is sent`,
  tell: (id) => `as its run hears what came of "${id}"`,
  hear: (id) => `as "${id}" hears of the cancel`,
  settle: () => 'in the middle of settling',
  beginSegment: (id) => `as the segment or batch from "${id}" is handed to it`,
  answerSegment: (id) => `after the last record of the segment or batch from "${id}" is inserted`,
  deliverSegment: (id) => `after the answer of the segment or batch from "${id}" is sent`,
};

const WORDS: Record<BlowKind, (moment: string) => string> = {
  delay: (moment) => `what comes ${moment} is delayed until all else that is ready has been done`,
  kill: (moment) => `the worker is killed ${moment}`,
  evict: (moment) => `all workflows are evicted ${moment}, and run again from their histories`,
  refuse: (moment) => `a backend is out of reach ${moment}, and the attempt is refused`,
  throw: (moment) => `an error is thrown ${moment}, which has attempts left`,
  giveUp: (moment) => `the server gives the attempt up ${moment}, and it goes on beside the next one`,
  stop: (moment) =>
    `the worker shuts down ${moment}, and the segment or batch ends with what it has recorded`,
  clock: (moment) => `the clock of the worker is put back by an hour ${moment}`,
  suggest: (moment) => `the server suggests ${moment} that the run and its child runs continue as new`,
  continue: (moment) => `the histories of the run and its child runs are full ${moment}`,
  lose: (moment) => `the run history goes back in time ${moment}, and loses the newer half of its records`,
  terminate: (moment) => `the child run is terminated ${moment}`,
  cancel: (moment) => `the run is cancelled ${moment}`,
  deadline: (moment) => `the deadline of the run passes ${moment}`,
  graceOver: (moment) => `the grace of the cancelled run is over ${moment}`,
};

/** The schedule in words, one line for each part. */
export function inWords({ segments, window, failing, takenOver, blows }: Schedule): string[] {
  const named = (knots: readonly string[]): string => knots.map((knot) => `"${knot}"`).join(', ');
  const lines = blows.map(({ kind, at }) => {
    const time = at.time === 1 ? '' : ` (time ${at.time})`;
    return WORDS[kind](MOMENTS[at.step](at.knot) + time);
  });
  if (failing.length > 0) lines.unshift(`the body of ${named(failing)} fails`);
  if (takenOver.length > 0)
    lines.unshift(`the run resumes another one, from which it takes over ${named(takenOver)}`);
  if (window !== WHOLE_WINDOW) lines.unshift(`at most ${window} activities are in flight`);
  if (segments) lines.unshift('local knots go out in segments');
  return lines.length > 0 ? lines : ['nothing strikes'];
}

/** The schedule in the format of {@link parseSchedule}. */
export function formatSchedule({ segments, window, failing, takenOver, blows }: Schedule): string {
  const words = blows.map(
    ({ kind, at }) => `${kind}@${at.step}:${at.knot}${at.time === 1 ? '' : `#${at.time}`}`,
  );
  return [
    ...(segments ? ['segments'] : []),
    ...(window === WHOLE_WINDOW ? [] : [`window:${window}`]),
    ...takenOver.map((knot) => `taken:${knot}`),
    ...failing.map((knot) => `fail:${knot}`),
    ...words,
  ].join(' ');
}

/** @throws SelvageError `InvalidConfig`, naming the first invalid word */
export function parseSchedule(text: string, subject: Subject): Schedule {
  let { segments, window } = UNDISTURBED;
  const failing: string[] = [];
  const takenOver: string[] = [];
  const blows: Blow[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const [, kind, step, id, time] = /^(?:(\w+)@)?(\w+)(?::(\S+?))?(?:#(\d+))?$/.exec(word) ?? [];
    const knot = id !== undefined && subject.mayHave(id) ? id : undefined;
    const isOwn = knot !== undefined && subject.layout.ids.indexOf(knot) >= subject.layout.parameterCount;
    if (word === 'segments') segments = true;
    else if (kind === undefined && step === 'window' && Number(id) >= 1) window = Math.floor(Number(id));
    else if (kind === undefined && step === 'fail' && knot !== undefined) failing.push(knot);
    else if (kind === undefined && step === 'taken' && isOwn) takenOver.push(knot);
    else if (isOneOf(BLOWS, kind) && isOneOf(STEPS, step) && knot !== undefined) {
      blows.push({ kind, at: { step, knot, time: Number(time ?? 1) } });
    } else {
      throw new SelvageError(
        'InvalidConfig',
        `"${word}" in the schedule is neither of segments, window:N, taken:KNOT, fail:KNOT and BLOW@STEP:KNOT with knots of tapestry ` +
          `"${subject.plan.plan.tapestry}". Give the schedule as an error of simulate names it.`,
        { details: { schedule: text, word, reason: 'WrongValue' } },
      );
    }
  }
  return { segments, window, failing, takenOver, blows };
}

function isOneOf<T extends string>(list: readonly T[], text: string | undefined): text is T {
  return (list as readonly (string | undefined)[]).includes(text);
}
