import { SelvageError } from '../../errors';
import type { ChangesOptions, HistoryChange } from '..';
import { pause } from './pause';

export const CHANGES_AT_ONCE = 1_000;

/** The poll interval of an up-to-date reader. Each poll, and the delivery that follows, costs the runs time. */
const LOOK_MS = 100;

/**
 * Implements `changes`, page by page.
 *
 * @param page reads changes behind a position, at most {@link CHANGES_AT_ONCE}, and checks the position
 * @param news resolves when it is time to look again, or the signal is aborted. Default: after 100 ms
 */
export async function* readChanges(
  page: (after: string | undefined) => Promise<readonly HistoryChange[]>,
  { after, signal, once = false }: ChangesOptions,
  news: (signal?: AbortSignal) => Promise<void> = (ended) => pause(LOOK_MS, ended),
): AsyncGenerator<readonly HistoryChange[], void, void> {
  let last = after;
  while (!signal?.aborted) {
    const changes = await page(last);
    if (signal?.aborted) return;
    if (changes.length > 0) {
      last = changes.at(-1)!.position;
      yield changes;
    }
    if (changes.length === CHANGES_AT_ONCE || signal?.aborted) continue;
    if (once) return;
    // While there are many commits, few large pages cost less than a page for each commit.
    await news(signal);
  }
}

export function notAPosition(position: string): SelvageError {
  return new SelvageError(
    'InvalidCursor',
    `${JSON.stringify(position)} is not a position in the changes of this run history. Give one of its changes, or what lastChange() answers.`,
    { details: { position } },
  );
}

/** The error for a position that the history lacks although nothing was deleted: the history went back in time. */
export function positionWentBack(position: string, place: string): SelvageError {
  return new SelvageError(
    'InvalidCursor',
    `Changes were read up to ${position}, and ${place} has something else there: it is another one, or was put back to an older state since. ` +
      'What was read of it is out of date: read it anew, and go on behind lastChange().',
    { details: { position, place } },
  );
}
