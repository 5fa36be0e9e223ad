import { withSubject } from '../../encryption/run-scope';
import { subjectOf } from '../../encryption/seal-backends';
import { SelvageError } from '../../errors';
import type { LineageRecord, RunRecord } from '../../ports';
import type { Surroundings } from '../surroundings';
import { leavesSealed, readBytes } from '../values/read-bytes';

const LOG_BYTES = 64 * 1024;

interface ReadLog {
  readonly hash: string;
  readonly text: string;
  readonly truncated: boolean;
  /** The error code that says why the log is not shown. */
  readonly unreadable?: string;
}

/** The hash of the log that the body wrote in the attempt that counts. */
export function logHashOf({ extra }: LineageRecord): string | undefined {
  const { log } = extra as { log?: string | { hash: string } };
  return typeof log === 'object' ? log.hash : log;
}

export async function readLog(
  { backends, caller }: Surroundings,
  run: RunRecord,
  hash: string,
): Promise<ReadLog> {
  const unreadable = (code: string): ReadLog => ({ hash, text: '', truncated: true, unreadable: code });
  if (leavesSealed(backends, caller)) return unreadable('ValueSealed');
  try {
    const read = await withSubject(subjectOf(run), () => readBytes(backends.dataStore, hash, LOG_BYTES));
    if (!read) return unreadable('ValueMissing');
    return { hash, text: Buffer.from(read.bytes).toString('utf8'), truncated: read.isCut };
  } catch (error) {
    if (SelvageError.is(error)) return unreadable(error.code);
    throw error;
  }
}
