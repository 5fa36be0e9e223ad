import type { CommitResult } from '../../ports';
import type { StepBackWatch } from '../sql/step-back';
import { isGone } from './changes';
import type { SqliteConnection } from './connection';
import { onceATurn } from './once-a-turn';

/** The newest record that this process has committed. */
interface Last {
  readonly number: number;
  readonly finishedAt: number;
  /** Milliseconds since the epoch. */
  readonly committedAt: number;
}

export interface CommittedRecords {
  readonly results: CommitResult[];
  /** The number of the newest inserted record; undefined if no record was inserted. */
  readonly newest: number | undefined;
}

/**
 * Notices that the database lost commits of this process. Numbers of records only grow: after a loss, the next number
 * is not above the last one, or another process's record has the last number.
 */
export class LastCommit {
  readonly #mustLook = onceATurn();
  #last: Last | undefined;

  constructor(private readonly watch: StepBackWatch) {}

  /** @param write makes the commit, and calls `look` in its transaction, before it inserts anything */
  async followedBy(
    write: (look: (connection: SqliteConnection) => void) => Promise<CommittedRecords>,
  ): Promise<CommitResult[]> {
    const mustLook = this.#mustLook();
    let last: Last | undefined;
    let isLost = false;
    const { results, newest } = await write((connection) => {
      last = this.#last;
      isLost = mustLook && last !== undefined && isGone(connection, last.number, last.finishedAt);
    });
    const committedAt = Date.now();
    if (last && (isLost || (newest !== undefined && newest <= last.number))) {
      this.#last = undefined;
      if (!(await this.watch.tell(committedAt, last.committedAt))) {
        // The next commit notices the step back again.
        this.#last = last;
        return results;
      }
    }
    if (newest !== undefined && newest > (this.#last?.number ?? 0)) {
      const { record } = results.findLast(({ inserted }) => inserted)!;
      this.#last = { number: newest, finishedAt: record.finished_at, committedAt };
    }
    return results;
  }
}
