import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { StepBack } from '../../ports';

/** A writer that has not committed for this long is forgotten. */
export const FORGOTTEN_MS = 30 * 24 * 3600 * 1000;

/** A committing writer, with its last commit known to be done. It makes one commit at a time. */
export interface Writer {
  readonly id: string;
  /** The number of its commits so far. */
  commits: number;
  /** The time of the last one, by the database's clock. */
  committedAt: number;
}

/** The traces of a writer that its last commit left in the database. */
export interface Counted {
  readonly commits: number;
  readonly committed_at: number;
}

type Listener = (step: StepBack, isFirst: boolean) => void;

/**
 * Notices that a database went back in time (a copy was restored, or a lagging replica took over). Each
 * commit increments its writer's row in the same transaction; a count that is not above what the writer
 * remembers means that commits are lost. So the loss of anything that a process knows as committed is noticed
 * at its next commit. Concurrent commits of one process have a writer each, so that they do not wait for one
 * row.
 */
export class StepBackWatch {
  /** The process, for people. */
  readonly process = `${process.pid}@${hostname()}`;
  readonly #own = randomUUID();
  readonly #idle: Writer[] = [];
  readonly #listeners = new Set<Listener>();
  readonly #find: (step: Omit<StepBack, 'lost_after'>) => Promise<{ step: StepBack; isFirst: boolean }>;
  #writers = 0;

  /**
   * @param find finds out after when records are lost, and records the step back unless somebody already has
   */
  constructor(find: (step: Omit<StepBack, 'lost_after'>) => Promise<{ step: StepBack; isFirst: boolean }>) {
    this.#find = find;
  }

  onStepBack(listener: Listener): void {
    this.#listeners.add(listener);
  }

  /** Commits as a writer, and checks what the commit has left of it. */
  async commit<T>(work: (writer: Writer) => Promise<{ counted: Counted; result: T }>): Promise<T> {
    const writer = this.#idle.pop() ?? { id: `${this.#own}-${++this.#writers}`, commits: 0, committedAt: 0 };
    try {
      const { counted, result } = await work(writer);
      await this.#note(writer, counted);
      return result;
    } finally {
      this.#idle.push(writer);
    }
  }

  async #note(writer: Writer, { commits, committed_at: now }: Counted): Promise<void> {
    const { commits: known, committedAt } = writer;
    writer.commits = commits;
    writer.committedAt = now;
    if (commits > known || now - committedAt > FORGOTTEN_MS) return;
    try {
      const { step, isFirst } = await this.#find({
        noticed_at: now,
        lost_until: committedAt,
        noticed_by: this.process,
      });
      for (const listener of this.#listeners) listener(step, isFirst);
    } catch {
      // The commit itself succeeded. The next one notices the step again.
      writer.commits = known;
      writer.committedAt = committedAt;
    }
  }
}
