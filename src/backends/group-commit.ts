import { SelvageError } from '../errors';
import type { Backends, Commit, CommitResult } from '../protocols';
import { currentScope } from '../sealing/run-scope';

interface Waiting {
  readonly commit: Commit;
  readonly urgent: boolean;
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: unknown) => void;
}

const MAXIMUM_COMMITS = 500;
/** For so long at the most urgent batches may follow one another before the event loop has its turn. */
const LONGEST_STRETCH_MS = 5;
const MAXIMUM_BYTES = 8 * 1024 * 1024;

/**
 * Gathers the concurrent commits of one process into batches, because one transaction for a hundred knots costs little more
 * than one for a single knot.
 *
 * A batch goes out at the end of the event loop's turn in which its first commit came, or in which the batch before it was done; one
 * batch is under way at a time. One that begins with an urgent commit goes out sooner, with what has come by the next microtask: in a
 * chain of knots nobody else would come, and a turn of the loop costs as much as the rest of the knot. Each caller's promise settles when its own commit is durable or has failed.
 */
export class GroupCommit {
  readonly #backends: Pick<Backends, 'commit'>;
  #queue: Waiting[] = [];
  #isRunning = false;
  #lastTurn = 0;
  #whenIdle: (() => void)[] = [];

  constructor(backends: Pick<Backends, 'commit'>) {
    this.#backends = backends;
  }

  /** @param options.urgent whether to wait for others of this turn of the event loop is not worth it. Default false. */
  commit(given: Commit, { urgent = false }: { urgent?: boolean } = {}): Promise<CommitResult> {
    // The batch goes out in the name of whoever was first.
    const scope = given.scope ?? currentScope();
    const commit = scope && given.values.length > 0 ? { ...given, scope } : given;
    return new Promise((resolve, reject) => {
      this.#queue.push({ commit, urgent, resolve, reject });
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
      if (this.#queue[0]!.urgent && performance.now() - this.#lastTurn < LONGEST_STRETCH_MS) {
        // Lets those come in that go in step with the first.
        await Promise.resolve();
      } else {
        // Lets the others of this turn come in, and timers and sockets have theirs between two batches.
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
  return (['BackendUnavailable', 'DatabaseDamaged', 'SchemaTooNew', 'KeyMissing'] as const).some((code) =>
    SelvageError.is(error, code),
  );
}
