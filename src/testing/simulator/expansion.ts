import { attemptOf, type SplitAttempt } from '../../activities/attempts';
import { runToStart } from '../../activities/nested-runs';
import { decodeParameters } from '../../activities/parameter-references';
import { createSplitMap } from '../../activities/split-map';
import { nestedRunId } from '../../plan';
import { SelvageError } from '../../errors';
import { NEWEST_BEHAVIOUR } from '../../workflows/behaviours';
import { activitiesOf, batchTask, elementTask, partsOf } from '../../workflows/map-parts';
import {
  BATCH_ACTIVITY,
  SPLIT_ACTIVITY,
  type BatchAnswer,
  type ChildTask,
  type HandedBack,
  type MapPart,
  type NestResult,
  type NextIteration,
  type PartSlice,
  type SplitAnswer,
} from '../../workflows/messages';
import { Activity, type ActivityEnd } from './activity';
import type { NestedError, SimulatedRun } from './run';
import { LIMITS } from './subject';
import type { Pending } from './workflow';

/**
 * The child run of a knot that is more than one activity: it has the parts done, then the knot's own activity, which makes its outcome of
 * them, and tells the run what came of it. It outlives an execution of the run.
 */
export abstract class Expansion {
  protected isCancelled = false;

  constructor(
    protected readonly run: SimulatedRun,
    private readonly pending: Pending,
    protected readonly knot: string,
    protected readonly task: ChildTask['task'],
  ) {}

  /** Makes the parts ready, when its turn comes, and begins. */
  begin(): void {
    const { run, knot } = this;
    const perform = (): void => (this.isCancelled ? this.tell({ kind: 'cancelled' }) : this.expand());
    run.world.push({ step: 'expand', run, knot, perform });
  }

  cancel(): void {
    const { run, knot } = this;
    run.world.push({ step: 'hear', run, knot, perform: () => this.stop() });
  }

  /** It hears of the cancel: nothing more begins, and what has begun is told, and awaited. */
  protected stop(): void {
    this.isCancelled = true;
  }

  protected abstract expand(): void;

  protected do(
    type: string,
    knot: string,
    task: object,
    ended: (end: ActivityEnd, activity: Activity) => void,
  ): Activity {
    const activity: Activity = new Activity(this.run, type, knot, task, (end) => ended(end, activity));
    this.run.world.schedule(activity);
    return activity;
  }

  protected tell(end: ActivityEnd): void {
    const { run, knot, pending } = this;
    run.world.push({ step: 'tell', run, knot, perform: () => run.workflow.hear(pending, end) });
  }

  protected get type(): string {
    const { subject } = this.run;
    const { layout } = subject;
    return layout.activityTypes[layout.definition[subject.plan.indexOf(this.knot)]!]!;
  }
}

interface Part {
  readonly part: MapPart;
  readonly slice: PartSlice;
  readonly offsets: readonly number[];
  /** How an element was handed back that goes alone. */
  readonly how?: HandedBack | undefined;
}

/** What a map becomes: its elements in activities of their own, or several in one. */
export class MapExpansion extends Expansion {
  private readonly pendingParts = new Set<Activity>();
  private readonly waiting: Part[] = [];
  private split: SplitAnswer = { count: 0, slices: [], next: 0 };
  private window = 1;

  protected override stop(): void {
    super.stop();
    for (const activity of this.pendingParts) activity.cancel();
  }

  protected expand(): void {
    const { run, knot, task, split } = this;
    const from = split.next!;
    const answer = run.system(SPLIT_ACTIVITY, (environment, context) =>
      createSplitMap(environment)(attemptOf(context, { ...task, knot, from }, '') as SplitAttempt),
    );
    run.later(answer, (next) => {
      this.split = next;
      if (!next.refused) this.take(from);
      this.goOn();
    });
  }

  private take(from: number): void {
    const { knot, task, type } = this;
    const { map } = this.run.subject.plan.knot(knot).policy;
    const call = { type, id: knot };
    const child: ChildTask = { behaviour: NEWEST_BEHAVIOUR, limits: LIMITS, knot, call, task, map: map! };
    const { parts, beside } = partsOf(child, this.split, from);
    this.window = beside * (parts[0]?.window ?? 1);
    for (const part of parts) {
      for (const { slice, offsets, alone } of activitiesOf(part)) {
        if (offsets.length > 0) this.waiting.push({ part, slice, offsets, how: undefined });
        for (const [offset, how] of alone) this.waiting.push({ part, slice, offsets: [offset], how });
      }
    }
  }

  private goOn(): void {
    const { pendingParts, waiting, split, task, window } = this;
    while (!this.isCancelled && pendingParts.size < window && waiting.length > 0) this.send(waiting.shift()!);
    if (pendingParts.size > 0) return;
    if (this.isCancelled) return this.tell({ kind: 'cancelled' });
    if (split.next !== undefined) return this.begin();
    const { slices: _, done: __, ...map } = split;
    const own = this.do(this.type, this.knot, { ...task, map }, (end) => {
      pendingParts.delete(own);
      this.tell(end);
    });
    pendingParts.add(own);
  }

  /** What an element's activity answers is not looked at: its record says what came of it. */
  private send({ part, slice, offsets, how }: Part): void {
    const [first] = offsets as [number];
    const name = `${this.knot}[${slice.first + first}]`;
    const isBatch = part.batch !== undefined && how === undefined;
    const type = isBatch ? BATCH_ACTIVITY : part.call.type;
    const task = isBatch ? batchTask(part, slice, offsets) : elementTask(part, slice, first, how);
    const ended = (end: ActivityEnd, activity: Activity): void => {
      this.pendingParts.delete(activity);
      const { retryAlone = [] } = isBatch && end.kind === 'answered' ? (end.answer as BatchAnswer) : {};
      for (const [offset, alone] of retryAlone)
        this.waiting.push({ part, slice, offsets: [offset], how: alone });
      this.goOn();
    };
    this.pendingParts.add(this.do(type, name, task, ended));
  }
}

/** What a knot becomes that runs a tapestry: one run of it or, for a loop, one after the other. */
export class NestedExpansion extends Expansion {
  private number = 1;
  private nest: NestResult | undefined;
  private child: SimulatedRun | undefined;
  private activity: Activity | undefined;

  protected override stop(): void {
    super.stop();
    this.activity?.cancel();
    this.child?.workflow.cancel();
  }

  protected expand(): void {
    const { run, knot, task } = this;
    if (this.nest) return this.start(this.nest);
    const nest = run.system(this.type, (environment, { info }) =>
      runToStart(environment, info, { task: { ...task, knot } }),
    );
    run.later(nest, (result) => this.start((this.nest = result)));
  }

  /** The first step of the run lets the parameters in. */
  private start({ parameters }: NestResult): void {
    const { run, knot } = this;
    const bodies = run.bodies.nestedIn(knot);
    run.know(bodies.subject.plan);
    const { data } = run.world.ledger.store;
    const given = decodeParameters(data, parameters, { allowReferences: true });
    const accepted = given.then((values) => bodies.parameters(values as Record<string, unknown>));
    run.later(
      accepted.catch((error: unknown) => {
        if (SelvageError.is(error, 'InvalidParameters')) return error;
        throw error;
      }),
      (values) => {
        if (values instanceof SelvageError) this.conclude({ type: values.code, message: values.message });
        else this.child = run.nest(this.id, bodies, values, (error) => this.ended(error));
      },
    );
  }

  /** The run that it has started is over. */
  private ended(error: NestedError | 'cancelled' | undefined): void {
    this.child = undefined;
    if (this.isCancelled || error === 'cancelled') this.tell({ kind: 'cancelled' });
    else this.conclude(error);
  }

  private conclude(error: NestedError | undefined): void {
    const { id, number, knot } = this;
    const isLoop = this.run.subject.plan.knot(knot).policy.node === 'loop';
    const ended = { runId: id, temporalRunId: id };
    const nested = { ...ended, ...(isLoop && { iteration: number }), ...(error && { error }) };
    this.activity = this.do(this.type, knot, { ...this.task, nested }, (end) => this.hear(end));
  }

  private hear(end: ActivityEnd): void {
    this.activity = undefined;
    const next = end.kind === 'answered' ? (end.answer as Partial<NextIteration>).next : undefined;
    if (!next) return this.tell(end);
    this.number += 1;
    this.nest = { ...this.nest!, parameters: { ...this.nest!.parameters, ...next } };
    this.begin();
  }

  private get id(): string {
    return nestedRunId(`${this.run.id}/${this.knot}`, this.number);
  }
}
