import { hashText, type Sha256 } from '../canonical';
import type { ExceptionRecord } from '../protocols';

/** The record of a failure that is no body's: of a knot that did not run. */
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

/** Equal for what is the same failure, in whatever attempt. */
export function errorId(
  { runId, knotId, type, message }: Readonly<Record<'runId' | 'knotId' | 'type' | 'message', string>>,
  sha256: Sha256,
): string {
  return `err_${hashText(JSON.stringify([runId, knotId, type, message]), sha256).slice(7, 31)}`;
}
