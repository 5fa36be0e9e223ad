import { RETRY_WAIT_MS } from '../../engine';
import type { Attempt, Surroundings } from './attempt';

/** Elements of one map that are run in one attempt: each with its own attempts and record. */
export class ElementsInAttempt {
  /** Those that go alone from now on: how often their bodies have thrown. */
  readonly givenBack = new Map<number, number>();
  private readonly open: number[];
  private readonly active = new Set<number>();
  private readonly throws = new Map<number, number>();
  private readonly waited = new Map<number, number>();
  private ended = 0;

  /**
   * @param isHeld whether nothing more is to begin
   * @param atRest is called when nothing is under way any more
   */
  constructor(
    private readonly attempt: Attempt,
    private readonly surroundings: Surroundings,
    private readonly elements: readonly number[],
    private readonly concurrency: number,
    private readonly isHeld: () => boolean,
    private readonly atRest: () => void,
  ) {
    this.open = [...elements].reverse();
  }

  get isComplete(): boolean {
    return this.ended === this.elements.length;
  }

  /** Those of which nothing has been said. */
  get areLeft(): boolean {
    return this.ended + this.givenBack.size < this.elements.length;
  }

  begin(): void {
    this.goOn();
  }

  throwsOf(element: number): number {
    return this.throws.get(element) ?? 0;
  }

  threw(element: number, error: unknown): void {
    const throws = this.throwsOf(element) + 1;
    this.throws.set(element, throws);
    const { attempt, surroundings } = this;
    const delay = surroundings.retryDelay(element, throws, error);
    if (delay === undefined)
      return surroundings.commit(attempt, element, surroundings.errorRecord(element, error));
    const waited = (this.waited.get(element) ?? 0) + delay;
    this.waited.set(element, waited);
    if (waited > RETRY_WAIT_MS || this.isHeld()) {
      this.givenBack.set(element, throws);
      this.drop(element);
    } else {
      surroundings.callBody(attempt, element, attempt.number + throws);
    }
  }

  recorded(element: number): void {
    this.ended += 1;
    this.drop(element);
  }

  /** It does not go on here. */
  drop(element: number): void {
    this.active.delete(element);
    this.goOn();
  }

  private goOn(): void {
    while (this.active.size < this.concurrency && this.open.length > 0 && !this.isHeld()) {
      const element = this.open.pop()!;
      this.active.add(element);
      this.surroundings.callBody(this.attempt, element, this.attempt.number);
    }
    if (this.active.size === 0) this.atRest();
  }
}
