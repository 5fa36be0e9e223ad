import type { RunHandle, Selvage } from '../../client';
import { SelvageError } from '../../errors';
import type { AnyTapestry } from '../../authoring';
import type { Output } from '../output/output';
import { interruptedRuns } from './interrupted-runs';

/** Maximum number of adopted runs: each needs a Temporal worker. */
const AT_ONCE = 4;
const LOOK_AGAIN_MS = 10_000;

/** Runs of `selvage run` and `selvage resume` without their commands, which a worker adopts beside its own work. */
export class Adoption {
  /**
   * Rejects if a run cannot be adopted, or the search for interrupted runs fails.
   *
   * @throws SelvageError `UnknownRun`, `RunOver`, `FileWithoutTapestry`, `ServerUnreachable`
   */
  readonly failed: Promise<never>;
  private fail!: (error: unknown) => void;
  private readonly working = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  constructor(
    private readonly selvage: Selvage,
    private readonly tapestries: readonly AnyTapestry[],
    private readonly output: Output,
  ) {
    this.failed = new Promise<never>((_, reject) => (this.fail = reject));
    this.failed.catch(() => {});
  }

  /** Adopts runs by id; `all`: every interrupted run of the tapestries, now and later, a few at a time. */
  begin(wanted: readonly string[]): void {
    const adopting = async (): Promise<void> => {
      for (const runId of wanted) if (runId !== 'all') await this.adopt(runId);
      if (wanted.includes('all')) await this.adoptAll();
    };
    adopting().catch(this.fail);
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private async adoptAll(): Promise<void> {
    const names = this.tapestries.map(({ name }) => name);
    for (const { runId } of await interruptedRuns(this.selvage, names)) {
      if (this.isStopped || this.working.size >= AT_ONCE) break;
      await this.adopt(runId).catch((error: unknown) => {
        // A run may have ended since it was listed.
        if (!SelvageError.is(error, 'RunOver')) throw error;
      });
    }
    if (this.isStopped) return;
    this.timer = setTimeout(() => void this.adoptAll().catch(this.fail), LOOK_AGAIN_MS);
  }

  private async adopt(runId: string): Promise<void> {
    if (this.working.has(runId)) return;
    await this.requireTapestry(runId);
    const run = await this.selvage.adopt(runId);
    this.working.add(runId);
    this.output.say(`Working for run ${runId}, which was interrupted.`);
    void this.tellEnd(run);
  }

  private async requireTapestry(runId: string): Promise<void> {
    const { tapestry } = await this.selvage.getRun(runId).describe();
    if (this.tapestries.some(({ name }) => name === tapestry)) return;
    throw new SelvageError(
      'FileWithoutTapestry',
      `Run "${runId}" is of tapestry "${tapestry}", which the file does not export. It exports: ` +
        `${this.tapestries.map(({ name }) => name).join(', ')}.`,
      { details: { run: runId, tapestry } },
    );
  }

  private async tellEnd(run: RunHandle): Promise<void> {
    try {
      const { status } = await run.result({ outputs: 'none' });
      this.output.say(`Run ${run.runId} is over: ${status}.`);
    } catch {
      // The worker reports its own failure.
    } finally {
      this.working.delete(run.runId);
    }
  }
}
