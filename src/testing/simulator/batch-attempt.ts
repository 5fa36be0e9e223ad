import { MAP_CONCURRENCY } from '../../engine';
import type { Answer } from './activity';
import { GroupAttempt } from './attempt';
import { ElementsInAttempt } from './elements-in-attempt';

/** Of a map with batches: how many elements of one run at once. */
export function concurrencyInBatch(batch: number, concurrency = MAP_CONCURRENCY): number {
  return Math.min(batch, Math.max(1, Math.floor(Math.sqrt(concurrency))));
}

/** One attempt at several elements of a map. What has a record is left alone; after a lost worker nothing is run here. */
export class BatchAttempt extends GroupAttempt {
  private elements: ElementsInAttempt | undefined;
  private alone: ReadonlyMap<number, number> = new Map();
  private isHeld = false;
  private isCancelled = false;

  get answerToGive(): Answer {
    return this.isCancelled ? { kind: 'cancelled' } : { kind: 'batch', alone: this.alone };
  }

  begin(): void {
    const { activity, number, lost, surroundings } = this;
    const { knots, mayBeRecorded } = activity.task;
    const open =
      number > 1 || mayBeRecorded ? knots.filter((element) => !surroundings.lookUp(element)) : knots;
    if (lost > 0) {
      this.alone = new Map(open.map((element) => [element, 0]));
      return surroundings.answer(this);
    }
    const { batch = 1, concurrency } = activity.run.subject.mapOf(activity.knot)!;
    this.elements = new ElementsInAttempt(
      this,
      surroundings,
      open,
      concurrencyInBatch(batch, concurrency),
      () => this.isHeld,
      () => this.endAtRest(),
    );
    this.elements.begin();
  }

  throwsOf(element: number): number {
    return this.elements!.throwsOf(element);
  }

  threw(element: number, error: unknown): void {
    this.elements!.threw(element, error);
  }

  recorded(element: number): void {
    this.elements!.recorded(element);
  }

  refused(element: number): void {
    this.isHeld = true;
    this.elements!.drop(element);
  }

  stopped(element: number): void {
    this.refused(element);
  }

  cancelled(inBody: readonly number[]): void {
    this.isHeld = true;
    this.isCancelled = true;
    for (const element of inBody) this.elements!.drop(element);
  }

  private endAtRest(): void {
    const { areLeft, givenBack } = this.elements!;
    this.alone = givenBack;
    if (!this.isCancelled && areLeft) this.surroundings.refuse(this);
    else this.surroundings.answer(this);
  }
}
