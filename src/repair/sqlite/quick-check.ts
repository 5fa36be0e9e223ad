import { existsSync } from 'node:fs';
import { ownScript, run } from '../../server';

const LIMIT_MS = 5_000;

/** `unfinished`: nothing was found in the time that it may take. */
export type QuickCheck = { readonly state: 'sound' | 'unfinished' | 'damaged'; readonly found?: string };

/**
 * Lets SQLite look whether the pages of a file are in order, for five seconds at most. In a process of its own: SQLite cannot be
 * interrupted from the thread that it runs in. The file may be in use.
 */
export async function quickCheck(file: string, limitMs = LIMIT_MS): Promise<QuickCheck> {
  if (!existsSync(file)) return { state: 'sound' };
  const { output, failure } = await run(
    process.execPath,
    [...ownScript(__dirname, 'quick-check-program'), file],
    {
      limitMs,
    },
  );
  const answer = /^quick check: (.*)$/m.exec(output)?.[1];
  if (answer === 'ok') return { state: 'sound' };
  if (answer !== undefined) return { state: 'damaged', found: answer };
  return { state: 'unfinished', ...(failure !== undefined && { found: failure }) };
}
