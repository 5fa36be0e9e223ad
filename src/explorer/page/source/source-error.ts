import type { Json } from '../../../values';

/** Why a question or act was refused, or could not be asked. */
export class SourceError extends Error {
  override readonly name = 'SourceError';

  constructor(
    /** A stable error code of Selvage, or one of the page: `UiOffline`, `AnswerUnreadable`, `NotInFile`. */
    readonly code: string,
    message: string,
    readonly details?: Json,
    readonly status?: number,
    /** The address of the documentation of `code`. */
    readonly docs?: string,
  ) {
    super(message);
  }
}

export function asSourceError(error: unknown): SourceError {
  if (error instanceof SourceError) return error;
  return new SourceError('PageFailed', error instanceof Error ? error.message : String(error));
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
