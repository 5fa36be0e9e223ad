import { setTimeout as delay } from 'node:timers/promises';
import { SelvageError, isOfClass, messageText } from '../errors';
import { describeError, oneLineOf, type Hashing } from '../runtime';
import type { Commit } from '../ports';

/** Waits between tries of a commit, so that a short outage does not cost another run of the body. */
const COMMIT_RETRIES_MS = [100, 300, 1_000, 3_000];
/** After this time a backend's trouble is shown as the run's waiting reason, instead of using up all retries first. */
const COMMIT_PATIENCE_MS = 5_000;
const MESSAGE_LENGTH = 2_000;

export function commitPatiently<T>(commit: () => Promise<T>): Promise<T> {
  // Most commits succeed at once, and there are many of them, so the common case avoids an async function.
  return commit().catch((error: unknown) => commitAgain(commit, error));
}

async function commitAgain<T>(commit: () => Promise<T>, error: unknown): Promise<T> {
  let last = error;
  const giveUpAt = performance.now() + COMMIT_PATIENCE_MS;
  for (const wait of COMMIT_RETRIES_MS) {
    if (!isOfClass(last, 'backend') || performance.now() > giveUpAt) throw last;
    await delay(wait);
    try {
      return await commit();
    } catch (next) {
      last = next;
    }
  }
  throw last;
}

/** The failure to record if no backend can hold an outcome. Undefined without a body's outcome: then the run fails. */
export function failedInstead({ record }: Commit, error: SelvageError, hashing: Hashing): Commit | undefined {
  if (record.outcome !== 'ok') return undefined;
  const where = { runId: record.run_id, knotId: record.knot_id, attempt: record.attempt };
  const { record: told } = describeError(error, where, hashing);
  return {
    record: {
      ...record,
      outcome: 'err',
      output_hash: null,
      output_size: null,
      cached_from_run: null,
      cache_key: null,
      error_record_id: told.id,
      extra: { error: told },
    },
    values: [],
  };
}

/** A refusal's reason, as the server shows it for a waiting run. Errors that are not ours are defects. */
export function reasonOf(error: unknown): { readonly type: string; readonly message: string } {
  if (!SelvageError.is(error)) return { type: 'InternalError', message: oneLineOf(error) };
  return { type: error.code, message: messageText(error.message, MESSAGE_LENGTH) };
}
