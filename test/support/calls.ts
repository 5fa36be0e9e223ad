/** The bodies that ran, by run id. Their knots report themselves. */
export class Calls {
  private readonly knots = new Map<string, string[]>();

  note({ runId, knotId }: { readonly runId: string; readonly knotId: string }): void {
    this.knots.set(runId, [...(this.knots.get(runId) ?? []), knotId]);
  }

  /** Ids of the knots whose bodies ran in the run, sorted. */
  of(runId: string): string[] {
    return (this.knots.get(runId) ?? []).sort();
  }
}
