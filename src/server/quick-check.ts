import { existsSync } from 'node:fs';
import { ownScript } from './own-script';
import { run } from './run-program';

const LIMIT_MS = 5_000;

/** `unfinished`: the check found no damage in time. */
type QuickCheck = { readonly state: 'sound' | 'unfinished' | 'damaged'; readonly found?: string };

/** Checks a file, also in use, in a process of its own, as SQLite cannot be interrupted from its thread. */
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
