import type { RunRecord } from '../ports';
import { pause } from '../ports/parts/pause';
import type { KnotFailure, LiveStatus, OpenWait } from '../workflows/messages';
import type { MapProgress, MapProgressReader } from './map-progress';
import type { Through } from './outages';
import type { RunOnServer } from './run-on-server';
import type { RunRecords } from './run-records';

type OfKnot<Told extends { readonly knot: string }> = Omit<Told, 'knot'> & { readonly knotId: string };

/** A run by its workflow. */
export interface LiveRun extends Omit<LiveStatus, 'failures' | 'waits'> {
  /** At most 20. */
  readonly failures: readonly OfKnot<KnotFailure>[];
  /** Knots that wait for a signal or a time; at most 100. */
  readonly waits?: readonly OfKnot<OpenWait>[];
}

export function liveRun({ failures, waits, ...live }: LiveStatus): LiveRun {
  return { ...live, failures: failures.map(ofKnot), ...(waits && { waits: waits.map(ofKnot) }) };
}

function ofKnot<Told extends { readonly knot: string }>({ knot: knotId, ...told }: Told): OfKnot<Told> {
  return { knotId, ...told };
}

/** State of a run at one time. `done` is true in the last state. */
export interface Progress {
  readonly runId: string;
  readonly counts: LiveRun['counts'];
  readonly running: readonly string[];
  readonly failures: LiveRun['failures'];
  /** Knots that wait for a signal or a time; at most 100. */
  readonly waits: NonNullable<LiveRun['waits']>;
  /** The first five running maps. The maps are updated once a second, after the first second. */
  readonly maps: readonly MapProgress[];
  /** Milliseconds since the handle was made. */
  readonly elapsedMs: number;
  readonly done: boolean;
}

interface Looked {
  readonly server: RunOnServer;
  readonly records: RunRecords;
  readonly maps: MapProgressReader;
  /** By `performance.now()`. */
  readonly since: number;
}

/** Yields each change of a run, with a look every `interval` milliseconds, until it is over. */
export async function* followProgress(
  looked: Looked,
  through: Through,
  interval: number,
): AsyncGenerator<Progress, void, void> {
  const { server, records, maps: reader, since } = looked;
  const seen = (live: LiveRun, done: boolean, maps: Progress['maps'] = []): Progress => {
    const { counts, running, failures, waits = [] } = live;
    const elapsedMs = Math.round(performance.now() - since);
    return { runId: server.runId, counts, running, failures, waits, maps, elapsedMs, done };
  };
  const stop = new AbortController();
  let over = false;
  const end = records.waitForEnd(through).finally(() => {
    over = true;
    stop.abort();
  });
  // Prevents an unhandled rejection while a query is under way; the await below reports the error.
  end.catch(() => {});
  let last = '';
  try {
    while (!over) {
      const live = (await records.hasBegun()) ? (await server.live())?.status : undefined;
      const maps = live ? await reader.lookSometimes(server.runId, live.running) : [];
      const text = JSON.stringify([live, maps]);
      if (live && text !== last && !over) {
        last = text;
        yield seen(liveRun(live), false, maps);
      }
      await pause(interval, stop.signal);
    }
    await end;
    yield seen(await through(async () => await endedStatus(looked, await records.ended())), true);
  } finally {
    stop.abort();
  }
}

/** Restores the last status of the workflow from the records. */
async function endedStatus(looked: Looked, run: RunRecord): Promise<LiveRun> {
  const counts = (run.details as { counts?: { ok: number; err: number; skipped: number } }).counts;
  const { ok, err, skipped } = counts ?? { ok: 0, err: 0, skipped: 0 };
  return {
    plan: run.plan_hash,
    counts: { ok, err, skipped, running: 0, waiting: 0, total: ok + err + skipped },
    running: [],
    failures: err > 0 ? await failuresOf(looked, run) : [],
    cancelled: run.status === 'cancelled',
  };
}

async function failuresOf({ server }: Looked, run: RunRecord): Promise<LiveRun['failures']> {
  const { items } = await server.backends.runHistory.findLineage({
    temporalRunId: run.temporal_run_id,
    outcome: 'err',
    limit: 20,
  });
  return items.map((record) => {
    const { error } = record.extra as { error?: { type: string; message: string } };
    return { knotId: record.knot_id, type: error?.type ?? 'Error', message: error?.message ?? '' };
  });
}
