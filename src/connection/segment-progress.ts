import type { RunHistory } from '../ports';
import type { LiveStatus } from '../workflows/messages';

/**
 * The workflow hears of a segment when it ends; until then its knots count as running there. Their records are in the run
 * history one by one, and so this is where a client sees how far the segment is.
 */
export class SegmentProgress {
  /** Knots found recorded while their segment runs: ids to whether they are Ok. */
  private readonly recorded = new Map<string, boolean>();

  constructor(private readonly runHistory: RunHistory) {}

  /** The status with the knots of running segments that have been recorded counted as such. */
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
