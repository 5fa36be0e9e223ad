import { randomUUID } from 'node:crypto';
import type { StepBackWatch } from '../sql/step-back';

/** A writer that has not committed for this long is forgotten. */
export const FORGOTTEN_MS = 30 * 24 * 3600 * 1000;

/** A committing writer, with its last commit known to be done. It makes one commit at a time. */
interface Writer {
  readonly id: string;
  commits: number;
  /** The time of the last one, by the database's clock. */
  committedAt: number;
}

/** The traces of a writer that its last commit left in the database. */
export interface Counted {
  readonly commits: number;
  readonly committed_at: number;
}

/**
 * The writers of one process. Each commit increments its writer's row in the same transaction; a count that is not above what the writer
 * remembers means that commits are lost. Concurrent commits have a writer each, so that they do not wait for one row. The numbers of records
 * cannot tell it: those of Postgres' sequences may jump ahead when a replica takes over.
 */
export class Writers {
  readonly #own = randomUUID();
  readonly #idle: Writer[] = [];
  #count = 0;

  constructor(private readonly watch: StepBackWatch) {}

  /** Commits as a writer, and checks what the commit has left of it. */
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
