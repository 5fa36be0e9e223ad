import { cacheDifferenceText, cacheReasonText, type CacheExplanation } from '../../records/questions';

/** A sentence that says why a knot's value was reused or computed anew. */
export function cacheSentence({ reused, reason, other, differences }: CacheExplanation): string {
  const at = other && { ...other, at: new Date(other.madeAt).toISOString() };
  const why = cacheReasonText({ reason, ...(at && { other: at }) });
  const parts = differences.map(cacheDifferenceText).join('; ');
  return `${reused ? 'Reused' : 'Not reused'}: ${why}${parts === '' ? '' : ` ${parts}`}`;
}
