import { keyOfOffset, type StreamElement, type ReportGap } from '../../streams';
import { keyInLedger, type Unit } from './unit';

/** Reports elements of earlier batches and lists that the source has lost. */
export class TakenTogether {
  constructor(
    private readonly tell: ReportGap,
    private readonly lasts: ReadonlySet<string>,
  ) {}

  /** How many of `count` elements are left; 1, and a gap, if the element with the key `last` is gone. */
  left(partition: string, all: readonly StreamElement[], count: number, last: string | undefined): number {
    if (last === undefined) return count;
    const left = all.slice(0, count).findIndex(({ offset }) => keyOfOffset(offset) === last) + 1;
    if (left === 0)
      this.tell({
        partition,
        after: `the element ${keyOfOffset(all[0]!.offset)}`,
        why: `${count} elements were taken together from there on, and the last is gone: the remaining ones start runs again`,
      });
    return left || 1;
  }

  /** Reports newly claimed elements that were the last of an earlier batch or list. */
  claimed({ partition, elements }: Unit): void {
    if (this.lasts.size === 0) return;
    for (const key of elements.map(({ offset }) => keyOfOffset(offset)))
      if (this.lasts.has(keyInLedger(partition, key)))
        this.tell({
          partition,
          before: `the element ${key}`,
          why: 'it was taken together with others, some of which are gone: the remaining ones start runs again',
        });
  }
}
