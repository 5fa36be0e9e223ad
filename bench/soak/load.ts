import { setTimeout as delay } from 'node:timers/promises';
import type { RunStatus, Tapestry } from 'selvage';
import type { RunHandle, Selvage } from 'selvage/client';
import { endless, failing, large, mixed, small, streams } from './tapestries';

/** A run that takes longer than this does not end. */
const RUN_LIMIT_MS = 120_000;

type Seeded = Tapestry<{ seed: number }, object>;

interface Programme {
  /** So many runs are under way at once. */
  readonly lanes: number;
  /** Each lane begins a run after so long, or, on a slow machine, the next when the last has ended. */
  readonly paceMs: number;
  /** What the runs are of, one after the other, and how they must end. */
  readonly runs: readonly (readonly [Seeded, RunStatus])[];
}

const PROGRAMMES = {
  mixed: {
    lanes: 4,
    paceMs: 1_000,
    runs: [
      [mixed, 'succeeded'],
      [failing, 'failed'],
      [mixed, 'succeeded'],
      [large, 'succeeded'],
      [endless, 'cancelled'],
      [mixed, 'succeeded'],
      [streams, 'succeeded'],
    ],
  },
  small: { lanes: 40, paceMs: 0, runs: [[small, 'succeeded']] },
} satisfies Record<string, Programme>;

export type LoadName = keyof typeof PROGRAMMES;

/** Starts runs, follows them, cancels some, reads what became of them; steadily, until it is told to rest. */
export class Load {
  /** Runs that ended as they should. */
  ended = 0;
  private started = 0;
  private isResting = true;
  private lanes: Promise<unknown> = Promise.resolve();

  private readonly programme: Programme;

  constructor(
    private readonly selvage: Selvage,
    name: LoadName,
  ) {
    this.programme = PROGRAMMES[name];
  }

  go(): void {
    this.isResting = false;
    this.lanes = Promise.all(Array.from({ length: this.programme.lanes }, () => this.lane()));
    // Told of by the next rest.
    this.lanes.catch(() => {});
  }

  /** Begins no more runs and waits for the end of those under way; rejects if one did not end as it should. */
  async rest(): Promise<number> {
    this.isResting = true;
    await this.lanes;
    return this.ended;
  }

  private async lane(): Promise<void> {
    while (!this.isResting) {
      const pace = delay(this.programme.paceMs);
      await this.oneRun(this.started++);
      if (!this.isResting) await pace;
    }
  }

  private async oneRun(seed: number): Promise<void> {
    const { runs } = this.programme;
    const [tapestry, wanted] = runs[seed % runs.length]!;
    const run = await this.selvage.start(tapestry, { seed }, { tags: ['soak'] });
    const limit = new AbortController();
    const { signal } = limit;
    try {
      const status = await Promise.race([
        tapestry === small ? statusOf(run) : this.follow(run, tapestry === endless),
        delay(RUN_LIMIT_MS, undefined, { signal }).then(() => {
          throw new Error(`Run ${run.runId} did not end within ${RUN_LIMIT_MS / 1_000} s.`);
        }),
      ]);
      if (status !== wanted) throw new Error(`Run ${run.runId} ended as ${status}, not as ${wanted}.`);
    } finally {
      limit.abort();
    }
    this.ended += 1;
  }

  private async follow(run: RunHandle<object>, isToBeCancelled: boolean): Promise<RunStatus> {
    for await (const { counts } of run.progress()) {
      if (isToBeCancelled && counts.running > 0) break;
    }
    if (isToBeCancelled) await run.cancel();
    const status = await statusOf(run);
    await this.selvage.lineage.records({ runId: run.runId, limit: 20 });
    await this.selvage.runs.list({ limit: 20 });
    return status;
  }
}

async function statusOf(run: RunHandle<object>): Promise<RunStatus> {
  return (await run.result()).status;
}
