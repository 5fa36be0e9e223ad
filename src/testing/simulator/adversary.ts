import { below, type Random } from './random';
import { BLOWS, type Blow, type BlowKind, type Point, type Schedule, type Step } from './schedule';

/** A set of bits, in the order of {@link BLOWS}. */
export type BlowSet = number;

export function blowSet(...kinds: readonly BlowKind[]): BlowSet {
  return kinds.reduce((set, kind) => set | (1 << BLOWS.indexOf(kind)), 0);
}

export const CANCEL = blowSet('cancel');
export const DEADLINE = blowSet('deadline');
export const GRACE_OVER = blowSet('graceOver');
export const GIVE_UP = blowSet('giveUp');
export const THROW = blowSet('throw');
export const LOSE = blowSet('lose');
export const STOP = blowSet('stop');
const ON_THE_WAY = blowSet('delay', 'kill');
const IN_AN_ATTEMPT = blowSet('delay', 'kill', 'refuse', 'giveUp', 'clock');
const TO_THE_WORKFLOW = blowSet('delay', 'evict', 'suggest', 'continue');

/** Possible blows before a step, except cancels. */
export const POSSIBLE: Record<Step, BlowSet> = {
  start: blowSet('suggest', 'continue'),
  wake: TO_THE_WORKFLOW,
  expand: ON_THE_WAY,
  begin: ON_THE_WAY | LOSE,
  return: IN_AN_ATTEMPT | THROW | STOP,
  put: IN_AN_ATTEMPT,
  record: IN_AN_ATTEMPT | LOSE,
  answer: ON_THE_WAY | GIVE_UP,
  deliver: TO_THE_WORKFLOW | LOSE | blowSet('kill'),
  tell: TO_THE_WORKFLOW | LOSE | blowSet('terminate'),
  hear: blowSet('delay'),
  settle: ON_THE_WAY | LOSE,
  beginSegment: ON_THE_WAY,
  answerSegment: ON_THE_WAY | GIVE_UP,
  deliverSegment: TO_THE_WORKFLOW | LOSE | blowSet('kill'),
};

function blowsOf(set: BlowSet): BlowKind[] {
  return BLOWS.filter((_, place) => (set & (1 << place)) !== 0);
}

/** Chooses blows, once at every boundary, among the kinds of blows that can strike there. */
export interface Adversary {
  blow(step: Step, knot: string, time: number, possible: BlowSet): BlowKind | undefined;
}

const keyOf = (step: Step, knot: string, time: number): string => `${step} ${knot} ${time}`;

/** An adversary that strikes according to a schedule, and notes each boundary after its last blow. */
export class Scripted implements Adversary {
  /** Blows that could still follow the last blow of the schedule, each with its boundary. */
  private readonly open: { readonly at: Point; readonly possible: BlowSet }[] = [];
  private readonly script: Map<string, BlowKind>;

  constructor(
    { blows }: Schedule,
    private readonly noted: BlowSet = 0,
  ) {
    this.script = new Map(blows.map(({ kind, at }) => [keyOf(at.step, at.knot, at.time), kind]));
  }

  blow(step: Step, knot: string, time: number, possible: BlowSet): BlowKind | undefined {
    if (this.script.size > 0) {
      const key = keyOf(step, knot, time);
      const kind = this.script.get(key);
      if (kind === undefined) return undefined;
      this.script.delete(key);
      return (possible & blowSet(kind)) !== 0 ? kind : undefined;
    }
    if (this.noted !== 0) this.open.push({ at: { step, knot, time }, possible: possible & this.noted });
    return undefined;
  }

  get next(): Blow[] {
    return this.open.flatMap(({ at, possible }) => blowsOf(possible).map((kind) => ({ kind, at })));
  }
}

export interface Chances {
  /** The probability of a delay at a boundary, 0 to 1. */
  readonly delay: number;
  /** The probability of another blow at a boundary, 0 to 1. */
  readonly blow: number;
  readonly mostBlows: number;
  readonly mostDelays: number;
}

/** An adversary that strikes at random, and notes the blows, so that a schedule can repeat them. */
export class ByChance implements Adversary {
  readonly blows: Blow[] = [];
  private readonly delays = blowSet('delay');
  private struck = 0;
  private delayed = 0;

  constructor(
    private readonly random: Random,
    private readonly chances: Chances,
    private readonly allowed: BlowSet,
  ) {}

  blow(step: Step, knot: string, time: number, possible: BlowSet): BlowKind | undefined {
    const { delay, blow, mostBlows, mostDelays } = this.chances;
    const dice = this.random();
    let kind: BlowKind | undefined;
    if (dice < delay) {
      if (this.delayed < mostDelays && (possible & this.delays) !== 0) kind = 'delay';
      this.delayed += 1;
    } else if (dice < delay + blow && this.struck < mostBlows) {
      const kinds = blowsOf(possible & this.allowed & ~this.delays);
      kind = kinds[below(this.random, kinds.length)];
      if (kind) this.struck += 1;
    }
    if (kind) this.blows.push({ kind, at: { step, knot, time } });
    return kind;
  }
}
