import { MAP_CONCURRENCY } from '../../engine';
import type { NestedRun } from '../../execution';
import type { Activity, ActivityOwner, Answer, Pending, Task } from './activity';
import type { Nested } from './bodies';
import { concurrencyInBatch } from './batch-attempt';
import type { SimulatedRun } from './simulated-run';

/**
 * The child run of a knot that is more than one activity: it has the parts done, then the knot's own activity, which makes its outcome of
 * them, and tells the run what came of it. It outlives an execution of the run.
 */
export abstract class Expansion implements Pending, ActivityOwner {
  readonly isAway = true;
  protected isCancelled = false;

  constructor(
    readonly run: SimulatedRun,
    readonly task: Task,
  ) {}

  get knot(): number {
    return this.task.knots[0]!;
  }

  /** Makes the parts ready and begins. */
  abstract expand(): void;
  abstract hear(activity: Activity, answer: Answer): void;

  /** It hears of the cancel: nothing more begins, and what has begun is told, and awaited. */
  cancel(): void {
    this.isCancelled = true;
  }

  protected tell(answer: Answer): void {
    this.run.world.push({ step: 'tell', expansion: this, answer });
  }
}

/** Of a map: its elements in activities of their own, or several in one. */
export class MapExpansion extends Expansion {
  private readonly pending = new Set<Activity>();
  /** Last first. */
  private waiting: Task[] = [];
  private isConcluding = false;
  private window = 1;

  expand(): void {
    const { run, task, knot } = this;
    const { batch = 1, concurrency = MAP_CONCURRENCY } = run.subject.mapOf(knot)!;
    this.window = Math.max(1, Math.floor(concurrency / concurrencyInBatch(batch, concurrency)));
    const elements = run.elementsOfTask(task);
    for (let first = 0; first < elements.length; first += batch) {
      const knots = elements.slice(first, first + batch);
      this.waiting.push({ ...task, knots, kind: batch === 1 ? 'knot' : 'batch' });
    }
    this.waiting.reverse();
    this.goOn();
  }

  /** What an element's activity answers is not looked at: its record says what came of it. */
  hear(activity: Activity, answer: Answer): void {
    if (!this.pending.delete(activity)) return;
    if (this.isConcluding) return this.tell(answer);
    if (answer.kind === 'batch') {
      for (const [element, throws] of answer.alone) {
        const thrown = new Map([[element, throws]]);
        this.waiting.push({ ...this.task, knots: [element], kind: 'knot', thrown, mayBeRecorded: true });
      }
    }
    this.goOn();
  }

  override cancel(): void {
    super.cancel();
    for (const activity of this.pending) this.run.world.cancelActivity(activity);
  }

  private goOn(): void {
    while (!this.isCancelled && this.pending.size < this.window && this.waiting.length > 0) {
      this.pending.add(this.run.world.schedule(this.run, this.waiting.pop()!, this));
    }
    if (this.pending.size > 0) return;
    if (this.isCancelled) return this.tell({ kind: 'cancelled' });
    this.isConcluding = true;
    this.pending.add(this.run.world.schedule(this.run, this.task, this));
  }
}

/** Of a knot that runs a tapestry: once or, of a loop, until that is over. */
export class NestedExpansion extends Expansion {
  private number = 1;
  /** The parameters of the next run, as the bodies have them; undefined: made of the knot's inputs. */
  private given: unknown;
  private child: SimulatedRun | undefined;
  private activity: Activity | undefined;

  expand(): void {
    if (this.isCancelled) return this.tell({ kind: 'cancelled' });
    this.run.world.nest(this, this.number, this.given);
  }

  /** The parameters are there, or why there are none. */
  begin({ given, ...nested }: Nested): void {
    this.given = given;
    if (this.isCancelled) return this.tell({ kind: 'cancelled' });
    if ('error' in nested) return this.conclude(nested.error);
    this.child = this.run.nest(this, this.number, nested.bodies);
  }

  /** The run that it has started is over. */
  ended(run: NestedRun): void {
    this.child = undefined;
    if (this.isCancelled) this.tell({ kind: 'cancelled' });
    else this.conclude(run);
  }

  hear(_activity: Activity, answer: Answer): void {
    this.activity = undefined;
    if (answer.kind !== 'next') return this.tell(answer);
    this.number += 1;
    this.given = answer.given;
    this.run.world.push({ step: 'expand', expansion: this });
  }

  override cancel(): void {
    super.cancel();
    if (this.activity) this.run.world.cancelActivity(this.activity);
    this.child?.workflow.cancel();
  }

  private conclude(run: NestedRun): void {
    const nested = { number: this.number, given: this.given, run };
    this.activity = this.run.world.schedule(this.run, { ...this.task, nested }, this);
  }
}
