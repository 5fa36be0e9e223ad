import { listInputs, type LoadedPlan } from '../execution';
import type { Backends, RunRecord } from '../protocols';
import { readPlanOf } from './read-run';

/** How far a map is that runs. */
export interface MapProgress {
  /** Its id. */
  readonly knot: string;
  /** Elements that have ended. */
  readonly done: number;
  /** Absent of what is no list, and until it is known. */
  readonly total?: number;
}

/** Maps that are looked at. */
const MOST = 5;
/** Milliseconds between two looks. */
const INTERVAL_MS = 1_000;

/** Counts what the maps of a run have come to, by the records of their elements. */
export class MapProgressReader {
  private plan: LoadedPlan | undefined;
  private readonly totals = new Map<string, number | undefined>();
  private seen: readonly MapProgress[] = [];
  /** None for who is back within a second. */
  private nextLook = performance.now() + INTERVAL_MS;

  constructor(private readonly backends: Backends) {}

  /** As {@link look}, once a second, and else what was seen then; what cannot be read now is not told. */
  async lookSometimes(runId: string, running: readonly string[]): Promise<readonly MapProgress[]> {
    if (running.length === 0) return [];
    if (performance.now() >= this.nextLook) {
      this.nextLook = performance.now() + INTERVAL_MS;
      const run = await this.backends.runHistory.getRun(runId).catch(() => undefined);
      this.seen = run ? await this.look(run, running).catch(() => []) : [];
    }
    return this.seen.filter(({ knot }) => running.includes(knot));
  }

  /**
   * @param running ids of knots
   * @throws SelvageError `InvalidPlan`, `BackendUnavailable`
   */
  async look(run: RunRecord, running: readonly string[]): Promise<readonly MapProgress[]> {
    if (this.plan?.hash !== run.plan_hash) this.plan = await readPlanOf(this.backends, run);
    const { plan } = this.plan;
    const ids = new Set(running);
    const maps = plan.knots.filter(({ id, policy }) => policy.map && ids.has(id)).slice(0, MOST);
    return await Promise.all(
      maps.map(async (map) => {
        const { runHistory } = this.backends;
        const done = await runHistory.countRecords(run.temporal_run_id, `${map.id}[`);
        if (!this.totals.has(map.id)) {
          // Lists that it goes over together are of one length.
          const [[input]] = listInputs(map) as [readonly [string, string]];
          const { parent } = map.inputs[input] as { readonly parent: number };
          const [list] = await runHistory.getRecords(run.temporal_run_id, [plan.knots[parent]!.id]);
          this.totals.set(map.id, (list?.extra as { length?: number } | undefined)?.length);
        }
        const total = this.totals.get(map.id);
        return { knot: map.id, done, ...(total !== undefined && { total }) };
      }),
    );
  }
}
