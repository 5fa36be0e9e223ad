import { randomUUID } from 'node:crypto';
import type { StepBackWatch } from '../sql/step-back';

/** A writer without commits for this long is forgotten. */
export const FORGOTTEN_MS = 30 * 24 * 3600 * 1000;

/** A writer, which makes one commit at a time, with its last successful commit. */
interface Writer {
  readonly id: string;
  commits: number;
  /** The time of the last commit, by the database's clock. */
  committedAt: number;
}

/** A writer's row in the database after its commit. */
export interface Counted {
  readonly commits: number;
  readonly committed_at: number;
}

/**
 * The writers of one process, one for each concurrent commit, so that commits do not wait for one row. A commit counts
 * up its writer's row in the same transaction. If the count is not above the remembered count, commits were lost. The
 * numbers of records cannot show lost commits, as sequences may jump ahead when a replica takes over.
 */
export class Writers {
  readonly #own = randomUUID();
  readonly #idle: Writer[] = [];
  #count = 0;

  constructor(private readonly watch: StepBackWatch) {}

  async commit<T>(
    work: (writer: readonly [id: string, process: string]) => Promise<{ counted: Counted; result: T }>,
  ): Promise<T> {
    const writer = this.#idle.pop() ?? { id: `${this.#own}-${++this.#count}`, commits: 0, committedAt: 0 };
    try {
      const { counted, result } = await work([writer.id, this.watch.process]);
      await this.#note(writer, counted);
      return result;
    } finally {
      this.#idle.push(writer);
    }
  }

  async #note(writer: Writer, { commits, committed_at: now }: Counted): Promise<void> {
    const { commits: known, committedAt } = writer;
    if (commits > known || now - committedAt > FORGOTTEN_MS || (await this.watch.tell(now, committedAt))) {
      writer.commits = commits;
      writer.committedAt = now;
    }
  }
}
