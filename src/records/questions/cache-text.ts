import type { CacheDifference, CacheReason } from './explain-cache';

/** `OTHER` stands for the other knot and its run. */
const REASONS: Readonly<Record<CacheReason, string>> = {
  reused: 'OTHER produced the value.',
  resumed: 'the run was resumed and kept the value of OTHER.',
  'not-cached': 'the knot has no option `cache`.',
  map: 'it is a map: its elements are reused one by one. Ask for one of them:',
  extended: 'its body extended the run, and a knot that reused the value would miss that.',
  replaced: 'another body ran in place of its own.',
  failed: 'it failed before its body ran.',
  'plan-gone':
    'nothing on record allows reuse. Whether the knot has the option `cache` is unknown: its plan is not in the tapestry store.',
  'not-run': 'the knot was skipped.',
  'reuse-off': 'the run was started with `reuse: false`.',
  'too-old': 'the value of OTHER was older than `maxAge` allows.',
  'value-gone': 'the value of OTHER was missing from the data store, or damaged there.',
  'made-meanwhile': 'OTHER produced the same value only while this knot was running.',
  'not-recorded': 'OTHER used the same inputs, but had no option `cache` then.',
  'key-differs': 'no earlier knot has the same cache key. The nearest is OTHER; what differs:',
  'no-earlier': 'no earlier knot of this definition is on record.',
};

/** Why a value was reused or not, as a sentence; after `key-differs` and `map`, the caller adds more. */
export function cacheReasonText({
  reason,
  other,
}: {
  readonly reason: CacheReason;
  readonly other?: { readonly runId: string; readonly knotId: string; readonly at: string };
}): string {
  const who = other ? `knot "${other.knotId}" of run "${other.runId}" (${other.at})` : 'another knot';
  return REASONS[reason].replace('OTHER', () => who);
}

/** A differing part of the cache key, for people. */
export function cacheDifferenceText({ part, input, parent, before, now }: CacheDifference): string {
  const change = `${before ?? 'none'} then, ${now ?? 'none'} now`;
  if (part === 'input')
    return `input "${input}"${parent === undefined ? ', a constant' : `, from knot "${parent}"`}: ${change}`;
  if (part === 'function')
    return 'the function: its source is the same, but it may have captured other values, or its schemas are not applied (`validate`)';
  return `${PARTS[part]}: ${change}`;
}

const PARTS = { version: 'version', code: 'source of the body', place: 'place of the function' };
