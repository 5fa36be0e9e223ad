import type { RunHistory } from '../ports';
import type { LiveStatus } from '../workflows/messages';

/** Counts recorded knots of running segments, which the workflow counts as running until their end. */
export class SegmentProgress {
  /** Whether recorded knots of running segments are Ok. */
  private readonly recorded = new Map<string, boolean>();

  constructor(private readonly runHistory: RunHistory) {}

  async counted(
    live: LiveStatus,
    temporalRunId: string,
    segments: readonly (readonly string[])[],
  ): Promise<LiveStatus> {
    const members = segments.flat();
    const unseen = members.filter((id) => !this.recorded.has(id));
    if (unseen.length > 0) {
      for (const record of await this.runHistory.getRecords(temporalRunId, unseen))
        this.recorded.set(record.knot_id, record.outcome === 'ok');
    }
    let ok = 0;
    let err = 0;
    for (const id of members) {
      const isOk = this.recorded.get(id);
      if (isOk === true) ok += 1;
      else if (isOk === false) err += 1;
    }
    const { counts } = live;
    return {
      ...live,
      counts: {
        ...counts,
        ok: counts.ok + ok,
        err: counts.err + err,
        running: Math.max(0, counts.running - ok - err),
      },
      running: live.running.filter((id) => !this.recorded.has(id)),
    };
  }
}
