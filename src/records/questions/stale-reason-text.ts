import type { StaleReason } from './partition-states';

const HASH_DIGITS = 8;

/** A change since a partition was made, in a few words. */
export function staleReasonText({ kind, knotId, part, input, before, now, source }: StaleReason): string {
  const change = `${shortHash(before)} → ${shortHash(now)}`;
  if (kind === 'code') return `code of "${knotId}" (${change})`;
  if (kind === 'input') {
    const from = source ? `, from "${source.knotId}" of ${source.tapestry} ${source.partition}` : '';
    return `input "${input}" (${change}${from})`;
  }
  if (part === 'plan-gone') return 'its plan is gone, so that nothing can be compared';
  return part === 'new' ? `knot "${knotId}" is new` : `${part} of "${knotId}"`;
}

export function shortHash(hash: string | null | undefined): string {
  return hash ? hash.slice(hash.indexOf(':') + 1).slice(0, HASH_DIGITS) : 'none';
}
