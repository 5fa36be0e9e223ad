import { hashText, type Sha256 } from '../values';
import type { ExceptionRecord } from '../ports';

/** The record of a failure of a knot whose body did not run. */
export function unrunError(
  runId: string,
  { knot, type, message }: { readonly knot: string; readonly type: string; readonly message: string },
  sha256: Sha256,
): ExceptionRecord {
  return {
    id: errorId({ runId, knotId: knot, type, message }, sha256),
    type,
    message,
    traceback: '',
    attempt: 0,
  };
}

/** Equal for equal failures, in whatever attempt. */
export function errorId(
  { runId, knotId, type, message }: Readonly<Record<'runId' | 'knotId' | 'type' | 'message', string>>,
  sha256: Sha256,
): string {
  return `err_${hashText(JSON.stringify([runId, knotId, type, message]), sha256).slice(7, 31)}`;
}
