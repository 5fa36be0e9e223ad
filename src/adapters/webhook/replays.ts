import { SIGNATURES, type StartLedger } from '../../ports';
import { triggerName, type TriggerDeclaration } from '../../triggers';
import { Problem } from './problem';

const DAY_MS = 86_400_000;

/**
 * Refuses a signature that came with another key within a day. The signature covers the body alone, so anybody who
 * overheard a request could send it again with a new key and start another run.
 *
 * The signature is claimed in the ledger under today's date and yesterday's. The oldest claim within a day tells the
 * first key. A refused request's claims count for the next day, too. Throws `Problem` 409, and the ledger's errors.
 */
export async function requireNoReplay(
  ledger: Pick<StartLedger, 'claim' | 'find' | 'markStarted'>,
  trigger: TriggerDeclaration,
  { key, signature }: { readonly key: string; readonly signature: string },
): Promise<void> {
  // A request that is repeated with its own key is recognised by that key.
  if (await ledger.find(triggerName(trigger), key)) return;
  const now = Date.now();
  const today = Math.floor(now / DAY_MS);
  const claims = [today - 1, today].map((day) => ({
    trigger: `${SIGNATURES}${trigger.id}`,
    key: `${signature}/${day}`,
    runId: key,
    requestHash: null,
    event: { day },
  }));
  const results = await ledger.claim(claims);
  // Claims that are not marked would not be forgotten like other entries.
  await ledger.markStarted(claims);
  const [first] = results
    .map(({ entry }) => entry)
    .filter(({ claimedAt }) => now - claimedAt < DAY_MS)
    .sort((one, other) => one.claimedAt - other.claimedAt);
  if (first === undefined || first.runId === key) return;
  throw new Problem('EventReplayed', 'This signature came under another delivery id within a day.');
}
