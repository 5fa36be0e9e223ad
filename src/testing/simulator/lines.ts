interface Waiting {
  readonly owner: string;
  readonly go: (leave: () => void) => void;
}

interface Line {
  readonly places: number;
  /** The uses of places by owner: attempts of the same knot share a place. */
  readonly holders: Map<string, number>;
  waiting: readonly Waiting[];
}

/** The lease table of a simulated world: places under limits, in order of arrival. */
export class Lines {
  private readonly lines = new Map<string, Line>();

  /** Calls `go` when there is a free place, possibly at once. The returned function cancels the wait. */
  enter(key: string, places: number, owner: string, go: Waiting['go']): () => void {
    const line = this.lines.get(key) ?? { places, holders: new Map<string, number>(), waiting: [] };
    this.lines.set(key, line);
    const waiting = { owner, go };
    line.waiting = [...line.waiting, waiting];
    this.admit(line);
    return () => {
      line.waiting = line.waiting.filter((one) => one !== waiting);
    };
  }

  private admit(line: Line): void {
    const { holders, places } = line;
    for (;;) {
      const next = line.waiting.find(({ owner }) => holders.has(owner) || holders.size < places);
      if (!next) return;
      const { owner, go } = next;
      line.waiting = line.waiting.filter((one) => one !== next);
      holders.set(owner, (holders.get(owner) ?? 0) + 1);
      go(() => {
        const left = holders.get(owner)! - 1;
        if (left > 0) holders.set(owner, left);
        else holders.delete(owner);
        this.admit(line);
      });
    }
  }
}
