import { listInputs, type LoadedPlan } from '../runtime';
import type { Backends, RunRecord } from '../ports';
import { readPlanOf } from './read-run';

/** Progress of a running map. */
export interface MapProgress {
  /** The map's id. */
  readonly knotId: string;
  /** Number of ended elements. */
  readonly done: number;
  /** Number of elements; absent for inputs other than lists, and until it is known. */
  readonly total?: number;
}

const MOST = 5;
const INTERVAL_MS = 1_000;

export class MapProgressReader {
  private plan: LoadedPlan | undefined;
  private readonly totals = new Map<string, number | undefined>();
  private seen: readonly MapProgress[] = [];
  /** The first look is delayed, so that a run shorter than the delay costs no look. */
  private nextLook = performance.now() + INTERVAL_MS;

  constructor(private readonly backends: Backends) {}

  /** Like {@link look}, but looks at most once a second, and repeats its last result in between. Errors are ignored. */
  async lookSometimes(runId: string, running: readonly string[]): Promise<readonly MapProgress[]> {
    if (running.length === 0) return [];
    if (performance.now() >= this.nextLook) {
      this.nextLook = performance.now() + INTERVAL_MS;
      const run = await this.backends.runHistory.getRun(runId).catch(() => undefined);
      this.seen = run ? await this.look(run, running).catch(() => []) : [];
    }
    return this.seen.filter(({ knotId }) => running.includes(knotId));
  }

  /** @throws SelvageError `InvalidPlan`, `BackendUnavailable` */
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
          // All lists of a map have the same length.
          const [[input]] = listInputs(map) as [readonly [string, string]];
          const { parent } = map.inputs[input] as { readonly parent: number };
          const [list] = await runHistory.getRecords(run.temporal_run_id, [plan.knots[parent]!.id]);
          this.totals.set(map.id, (list?.extra as { length?: number } | undefined)?.length);
        }
        const total = this.totals.get(map.id);
        return { knotId: map.id, done, total };
      }),
    );
  }
}
