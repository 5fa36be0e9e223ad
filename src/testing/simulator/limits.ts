import type { Attempt } from './attempt';

interface Waiting {
  readonly attempt: Attempt;
  readonly knot: number;
  readonly owner: string;
  readonly go: () => void;
}

interface Line {
  readonly limit: number;
  /** By owner: attempts of the same knot share a place. */
  readonly holders: Map<string, { readonly attempt: Attempt; readonly knot: number }[]>;
  waiting: readonly Waiting[];
}

/** The lease table of a simulated world: who runs under which limit, and who waits for a place, first come, first served. */
export class Lines {
  private readonly lines = new Map<string, Line>();

  /** Calls `go` when there is a place, which may be at once. */
  enter(key: string, limit: number, who: Waiting): void {
    const line = this.lines.get(key) ?? { limit, holders: new Map<string, []>(), waiting: [] };
    this.lines.set(key, line);
    line.waiting = [...line.waiting, who];
    this.admit(line);
  }

  /**
   * What an attempt has done for a knot, or all that it does, is over: its places are for others. Answers what it was waiting for.
   *
   * @param knot undefined: all
   */
  leave(attempt: Attempt, knot?: number): number[] {
    if (this.lines.size === 0) return [];
    const isMeant = (one: { readonly attempt: Attempt; readonly knot: number }): boolean =>
      one.attempt === attempt && (knot === undefined || one.knot === knot);
    const left: number[] = [];
    for (const line of this.lines.values()) {
      left.push(...line.waiting.filter(isMeant).map((one) => one.knot));
      line.waiting = line.waiting.filter((one) => !isMeant(one));
      for (const [owner, holders] of line.holders) {
        const others = holders.filter((one) => !isMeant(one));
        if (others.length > 0) line.holders.set(owner, others);
        else line.holders.delete(owner);
      }
      this.admit(line);
    }
    return left;
  }

  private admit(line: Line): void {
    for (;;) {
      const next = line.waiting.find(
        ({ owner }) => line.holders.has(owner) || line.holders.size < line.limit,
      );
      if (!next) return;
      line.waiting = line.waiting.filter((one) => one !== next);
      const { owner, attempt, knot, go } = next;
      line.holders.set(owner, [...(line.holders.get(owner) ?? []), { attempt, knot }]);
      go();
    }
  }
}
