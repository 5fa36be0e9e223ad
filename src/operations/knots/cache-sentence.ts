import { cacheDifferenceText, cacheReasonText, type CacheExplanation } from '../../records/questions';

export function cacheSentence({ reused, reason, other, differences }: CacheExplanation): string {
  const at = other && { ...other, at: new Date(other.madeAt).toISOString() };
  const why = cacheReasonText({ reason, ...(at && { other: at }) });
  const parts = differences.map(cacheDifferenceText).join('; ');
  return `${reused ? 'Reused' : 'Not reused'}: ${why}${parts === '' ? '' : ` ${parts}`}`;
}
