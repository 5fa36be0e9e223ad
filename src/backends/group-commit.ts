import { SelvageError, isBackendTrouble } from '../errors';
import type { WorkCounts } from '../metrics';
import type { Backends, Commit, CommitResult } from '../ports';
import { currentScope } from '../encryption/run-scope';

interface Waiting {
  readonly commit: Commit;
  readonly urgent: boolean;
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: unknown) => void;
}

const MAXIMUM_COMMITS = 500;
/** The time for which urgent batches may follow one another before the event loop gets its turn. */
const LONGEST_STRETCH_MS = 5;
const MAXIMUM_BYTES = 8 * 1024 * 1024;

/**
 * Groups the concurrent commits of one process into batches, because a transaction for a hundred knots costs
 * little more than one for a single knot. One batch is in progress at a time.
 *
 * A batch is sent at the end of the event loop's turn in which its first commit arrived, or the previous batch
 * finished. A batch with an urgent first commit is sent with whatever arrives by the next microtask. In a chain of
 * knots no other commit would arrive, and a turn of the loop costs as much as the rest of the knot.
 */
export class GroupCommit {
  #queue: Waiting[] = [];
  #isRunning = false;
  #lastTurn = 0;
  #whenIdle: (() => void)[] = [];

  /** @param instead replaces a commit that the backends can never store, which is refused for undefined */
  constructor(
    private readonly backends: Pick<Backends, 'commit'>,
    private readonly instead?: (commit: Commit, error: SelvageError) => Commit | undefined,
    private readonly counts?: Pick<WorkCounts, 'committed'>,
  ) {}

  /** Commits durably. @param urgent no other commit of this turn is expected. Default false */
  commit(given: Commit, { urgent = false }: { urgent?: boolean } = {}): Promise<CommitResult> {
    // The whole batch is sent in the scope of its first commit.
    const scope = given.scope ?? currentScope();
    const commit = scope && given.values.length > 0 ? { ...given, scope } : given;
    return new Promise((resolve, reject) => {
      this.#queue.push({ commit, urgent, resolve, reject });
      if (this.#isRunning) return;
      this.#isRunning = true;
      void this.#run();
    });
  }

  async drain(): Promise<void> {
    if (this.#isRunning) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      if (this.#queue[0]!.urgent && performance.now() - this.#lastTurn < LONGEST_STRETCH_MS) {
        // The batch includes commits made in step with the first.
        await Promise.resolve();
      } else {
        // The batch includes the other commits of this turn, and timers and sockets run between batches.
        await new Promise((resolve) => setImmediate(resolve));
        this.#lastTurn = performance.now();
      }
      await this.#send(this.#nextBatch());
    }
    this.#isRunning = false;
    const waiters = this.#whenIdle;
    this.#whenIdle = [];
    for (const wake of waiters) wake();
  }

  #nextBatch(): Waiting[] {
    let bytes = 0;
    let length = 0;
    for (const { commit } of this.#queue) {
      for (const value of commit.values) bytes += value.bytes.byteLength;
      if (length > 0 && (length >= MAXIMUM_COMMITS || bytes > MAXIMUM_BYTES)) break;
      length += 1;
    }
    return this.#queue.splice(0, length);
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    try {
      const results = await this.#commit(batch.map((waiting) => waiting.commit));
      batch.forEach((waiting, index) => waiting.resolve(results[index] as CommitResult));
    } catch (error) {
      const [first] = batch;
      const other =
        batch.length === 1 && SelvageError.is(error, 'NotStorable')
          ? this.instead?.(first!.commit, error)
          : undefined;
      if (other) {
        await this.#sendOther(first!, other);
      } else if (batch.length === 1 || isBackendTrouble(error)) {
        for (const waiting of batch) waiting.reject(error);
      } else {
        // One of the commits is invalid; sent individually, only that commit fails.
        for (const waiting of batch) await this.#send([waiting]);
      }
    }
  }

  async #commit(commits: readonly Commit[]): Promise<CommitResult[]> {
    const since = performance.now();
    const results = await this.backends.commit(commits);
    this.counts?.committed(results, (performance.now() - since) / 1_000);
    return results;
  }

  /** Reports that another record stands, as if another process had been faster. */
  async #sendOther(waiting: Waiting, other: Commit): Promise<void> {
    try {
      const [result] = await this.#commit([other]);
      waiting.resolve({ ...(result as CommitResult), inserted: false });
    } catch (error) {
      waiting.reject(error);
    }
  }
}
