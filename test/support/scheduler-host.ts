import {
  Scheduler,
  type Command,
  type MemberOutcome,
  type SavedScheduler,
  type SchedulerEvent,
  type SchedulerOptions,
} from '../../src/scheduler';
import type { Layout } from '../../src/plan';
import type { ErrorPolicy } from '../../src/authoring/records';
import type { ReferenceOutcome } from '../../src/testing/simulator/reference-interpreter';

export const parentsIn = (layout: Layout, knot: number): number[] => [
  ...layout.parents.slice(layout.parentStart[knot], layout.parentStart[knot + 1]),
];

/** Policies by knot; undefined: the default. */
export const errorPoliciesIn = ({ policy, policies }: Layout): (ErrorPolicy | undefined)[] =>
  Array.from(policy, (index) => policies[index]!.errorPolicy);

/** The value that a body makes of its knot. */
export const valueOf = (knot: number): string => `value of ${knot}`;

/**
 * A host that a test drives by hand. It executes the scheduler's commands, and checks each against its own state, which
 * it derives from the scheduler's inputs only.
 */
export class SchedulerHost {
  readonly started: number[] = [];
  finishes = 0;
  private readonly outcomes: (ReferenceOutcome | undefined)[];
  private readonly runningKnots = new Set<number>();
  private readonly runningSegments = new Map<number, readonly number[]>();
  /** Knots that must not go out in a segment any more. */
  private readonly alone = new Set<number>();
  private readonly options: SchedulerOptions & { window: number };
  private scheduler: Scheduler<string>;

  constructor(
    private layout: Layout,
    window: number,
    segmentSize?: number,
  ) {
    this.options = { window, ...(segmentSize !== undefined && { segments: true, segmentSize }) };
    this.scheduler = new Scheduler(layout, this.options);
    this.outcomes = layout.ids.map((_, knot) => (knot < layout.parameterCount ? 'ok' : undefined));
  }

  /** Knots that run outside of segments. */
  get running(): number[] {
    return [...this.runningKnots].sort((a, b) => a - b);
  }

  /** The members of each running segment. */
  get segments(): (readonly number[])[] {
    return [...this.runningSegments.values()];
  }

  start(): void {
    this.apply({
      type: 'start',
      parameters: this.layout.ids.slice(0, this.layout.parameterCount).map((_, knot) => valueOf(knot)),
    });
  }

  end(knot: number, kind: 'ok' | 'err'): void {
    this.runningKnots.delete(knot);
    this.outcomes[knot] = kind;
    this.apply({ type: 'settled', knot, outcome: kind === 'ok' ? { kind, value: valueOf(knot) } : { kind } });
  }

  /** Ends a segment with these outcomes; other members are handed back, some of them to run alone. */
  endSegment(
    members: readonly number[],
    kinds: ReadonlyMap<number, 'ok' | 'err'>,
    alone: readonly number[] = [],
  ): void {
    this.runningSegments.delete(members[0]!);
    const outcomes = new Map<number, MemberOutcome<string>>();
    for (const [knot, kind] of kinds) {
      this.outcomes[knot] = kind;
      outcomes.set(knot, kind === 'ok' ? { kind, value: valueOf(knot) } : { kind });
    }
    for (const knot of members) {
      if (!kinds.has(knot)) this.started.splice(this.started.indexOf(knot), 1);
    }
    for (const knot of alone) this.alone.add(knot);
    this.apply({ type: 'segmentSettled', segment: members[0]!, outcomes, alone });
  }

  apply(event: SchedulerEvent<string>): void {
    this.carryOut(this.scheduler.apply(event));
  }

  /** Adds knots to the run, even if it is over. */
  extend(layout: Layout): void {
    for (let knot = this.layout.size; knot < layout.size; knot++) this.outcomes.push(undefined);
    if (layout.size > this.layout.size) this.finishes = 0;
    this.layout = layout;
    this.apply({ type: 'extend', layout, recall: valueOf });
  }

  /** Replaces the scheduler by one made from its saved state. */
  split(): void {
    const before = this.scheduler.counts;
    const again = this.running;
    const segmentsAgain = this.segments;
    const saved = JSON.parse(JSON.stringify(this.scheduler.save())) as SavedScheduler<string>;
    const { scheduler, commands } = Scheduler.restore(this.layout, saved, this.options);
    this.scheduler = scheduler;
    this.runningSegments.clear();
    for (const knot of [...again, ...segmentsAgain.flat()]) {
      this.runningKnots.delete(knot);
      this.started.splice(this.started.indexOf(knot), 1);
    }
    this.finishes = 0;
    this.carryOut(commands);
    check(
      again.every((knot) => this.runningKnots.has(knot)),
      `${again.join()} ran and were forgotten`,
    );
    check(
      segmentsAgain.every((members) => this.runningSegments.get(members[0]!)?.join() === members.join()),
      'a segment ran and was forgotten',
    );
    const { ok, err, skipped } = scheduler.counts;
    check(ok === before.ok && err === before.err && skipped === before.skipped, 'the restored counts differ');
  }

  /** The outcomes of all knots of the ended run. */
  result(): ReferenceOutcome[] {
    check(this.finishes === 1, `the run finished ${this.finishes} times`);
    const { scheduler, layout, outcomes } = this;
    const { ok, err, skipped } = scheduler.counts;
    const counted = (kind: string): number => outcomes.filter((outcome) => outcome!.startsWith(kind)).length;
    check(
      ok === counted('ok') && err === counted('err') && skipped === counted('skipped'),
      'the counts differ from the outcomes',
    );
    outcomes.forEach((outcome, knot) => {
      check(scheduler.outcomeKind(knot) === outcome!.split(':')[0], `knot ${knot} is not ${outcome}`);
      const isKept = outcome === 'ok' && layout.terminals.includes(knot);
      check(
        scheduler.value(knot) === (isKept ? valueOf(knot) : undefined),
        `the value of knot ${knot} is not as it should be`,
      );
      if (outcome === 'skipped: parent_failed_or_skipped') this.checkSkipDetail(knot);
    });
    return outcomes as ReferenceOutcome[];
  }

  private checkSkipDetail(knot: number): void {
    const parents = parentsIn(this.layout, knot).map((parent) => {
      const [kind] = this.outcomes[parent]!.split(':');
      return kind === 'err' && this.policyOf(parent).optional ? 'skipped' : kind;
    });
    const { anyErr, anySkipped } = this.scheduler.skipDetail(knot);
    check(anyErr === parents.includes('err'), `anyErr of knot ${knot} is wrong`);
    check(anySkipped === parents.includes('skipped'), `anySkipped of knot ${knot} is wrong`);
  }

  private carryOut(commands: readonly Command[]): void {
    const order = commands
      .map(({ type }) => ['pass', 'skip', 'fail', 'segment', 'run', 'finish'].indexOf(type))
      .filter((place, index, all) => (place !== 1 && place !== 3) || all[index - 1] !== place);
    check(
      order.every((place, index) => index === 0 || place > order[index - 1]!),
      'commands are out of order',
    );
    for (const command of commands) {
      check(this.finishes === 0, 'something came after finish');
      if (command.type === 'finish') this.finish();
      else if (command.type === 'segment') this.runSegment(command.knots);
      else if (command.type === 'run') command.knots.forEach((knot) => this.run(knot));
      else if (command.type === 'skip') this.settleUnrun(command.knots, `skipped: ${command.reason}`);
      else this.settleUnrun(command.knots, command.type === 'pass' ? 'ok' : 'err: RequireAllParents');
    }
    const members = this.segments.flat().length;
    check(
      this.scheduler.running === this.runningKnots.size + members,
      'the scheduler miscounts what is running',
    );
    check(this.scheduler.inFlight === this.inFlight, 'the scheduler miscounts what is in flight');
  }

  private get inFlight(): number {
    return this.runningKnots.size + this.runningSegments.size;
  }

  private isLocal(knot: number): boolean {
    return this.options.segments === true && this.policyOf(knot).local === true && !this.alone.has(knot);
  }

  private policyOf(knot: number): Layout['policies'][number] {
    return this.layout.policies[this.layout.policy[knot]!]!;
  }

  private runSegment(members: readonly number[]): void {
    check(
      members.length > 0 && members.length <= this.options.segmentSize!,
      'a segment is empty or too large',
    );
    members.forEach((knot, index) => {
      check(this.isLocal(knot), `knot ${knot} is in a segment`);
      check(this.outcomes[knot] === undefined, `knot ${knot} was settled and is run`);
      check(!this.started.includes(knot), `knot ${knot} is run twice`);
      check(index === 0 || knot > members[index - 1]!, `knot ${knot} is out of order in its segment`);
      for (const parent of parentsIn(this.layout, knot)) {
        check(
          this.outcomes[parent] === 'ok' || members.includes(parent),
          `knot ${knot} is in a segment before its parent ${parent} is ok or in it`,
        );
      }
    });
    this.started.push(...members);
    this.runningSegments.set(members[0]!, members);
    check(this.inFlight <= this.options.window, `the segment of knot ${members[0]} is over the window`);
  }

  private run(knot: number): void {
    const receives = this.policyOf(knot).errorPolicy === 'receiveErrors';
    const parents = parentsIn(this.layout, knot);
    const isOfFailure = receives && parents.some((parent) => this.outcomes[parent] !== 'ok');
    check(!this.isLocal(knot) || isOfFailure, `knot ${knot} is local and goes alone`);
    check(this.outcomes[knot] === undefined, `knot ${knot} was settled and is run`);
    check(!this.started.includes(knot), `knot ${knot} is run twice`);
    for (const parent of parents) {
      check(
        this.outcomes[parent] !== undefined,
        `knot ${knot} is run before its parent ${parent} is settled`,
      );
      if (isOfFailure && this.outcomes[parent] !== 'ok') continue;
      check(this.outcomes[parent] === 'ok', `knot ${knot} is run before its parent ${parent} is ok`);
      check(
        this.scheduler.value(parent) === valueOf(parent),
        `knot ${knot} is run without the value of ${parent}`,
      );
    }
    this.started.push(knot);
    this.runningKnots.add(knot);
    check(this.inFlight <= this.options.window, `knot ${knot} is over the window`);
  }

  private settleUnrun(knots: readonly number[], outcome: ReferenceOutcome): void {
    knots.forEach((knot, index) => {
      check(index === 0 || knot > knots[index - 1]!, `knot ${knot} is decided out of order`);
      check(
        this.outcomes[knot] === undefined &&
          !this.runningKnots.has(knot) &&
          !this.segments.flat().includes(knot),
        `knot ${knot} is decided too late`,
      );
      this.outcomes[knot] = outcome;
    });
  }

  private finish(): void {
    this.finishes += 1;
    check(this.inFlight === 0 && !this.outcomes.includes(undefined), 'the run finished too early');
  }
}

/** Much cheaper than `expect`, since a property test makes millions of checks. */
function check(isRight: boolean, whatElse: string): asserts isRight {
  if (!isRight) throw new Error(`The scheduler is wrong: ${whatElse}.`);
}
