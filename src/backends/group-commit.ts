import { SelvageError } from '../errors';
import type { Backends, Commit, CommitResult } from '../protocols';

interface Waiting {
  readonly commit: Commit;
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: unknown) => void;
}

const MAXIMUM_COMMITS = 500;
const MAXIMUM_BYTES = 8 * 1024 * 1024;

/**
 * Gathers the concurrent commits of one process into batches, because one transaction for a hundred knots costs little more
 * than one for a single knot.
 *
 * A batch goes out at the end of the event loop's turn in which its first commit came, or in which the batch before it was done; one
 * batch is under way at a time. Each caller's promise settles when its own commit is durable or has failed.
 */
export class GroupCommit {
  readonly #backends: Pick<Backends, 'commit'>;
  #queue: Waiting[] = [];
  #isRunning = false;
  #whenIdle: (() => void)[] = [];

  constructor(backends: Pick<Backends, 'commit'>) {
    this.#backends = backends;
  }

  commit(commit: Commit): Promise<CommitResult> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ commit, resolve, reject });
      if (this.#isRunning) return;
      this.#isRunning = true;
      void this.#run();
    });
  }

  /** Resolves when all that was given has settled. */
  async drain(): Promise<void> {
    if (this.#isRunning) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      // Lets the others of this turn come in, and timers and sockets have theirs between two batches.
      await new Promise((resolve) => setImmediate(resolve));
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
      const results = await this.#backends.commit(batch.map((waiting) => waiting.commit));
      batch.forEach((waiting, index) => waiting.resolve(results[index] as CommitResult));
    } catch (error) {
      if (batch.length === 1 || concernsAll(error)) {
        for (const waiting of batch) waiting.reject(error);
      } else {
        // One of them is bad; alone, it fails alone.
        for (const waiting of batch) await this.#send([waiting]);
      }
    }
  }
}

function concernsAll(error: unknown): boolean {
  return (['BackendUnavailable', 'DatabaseDamaged', 'SchemaTooNew'] as const).some((code) =>
    SelvageError.is(error, code),
  );
}
