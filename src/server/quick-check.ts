import { existsSync } from 'node:fs';
import { ownScript } from './own-script';
import { run } from './run-program';

const LIMIT_MS = 5_000;

/** `unfinished`: nothing was found in time. */
type QuickCheck = { readonly state: 'sound' | 'unfinished' | 'damaged'; readonly found?: string };

/** In its own process, as SQLite cannot be interrupted from its thread. The file may be in use. */
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
