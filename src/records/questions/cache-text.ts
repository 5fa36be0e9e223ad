import type { CacheDifference, CacheReason } from './explain-cache';

/** `OTHER` stands for the other knot and its run. */
const REASONS: Readonly<Record<CacheReason, string>> = {
  reused: 'OTHER made it.',
  resumed: 'the run was resumed, and has it from OTHER.',
  'not-cached': 'the knot has no option `cache`.',
  map: 'it is a map, whose elements are reused, each by itself. Ask for one of them:',
  extended: 'its body has extended the run, which whoever took the value would miss.',
  replaced: 'another body ran in the place of its own.',
  failed: 'it failed without its body.',
  'plan-gone':
    'nothing is on record that it could be reused by; whether the knot has the option `cache`, its plan would say, which is not in the tapestry store.',
  'not-run': 'the knot was skipped.',
  'reuse-off': 'the run was to take nothing from others (`reuse: false`).',
  'too-old': 'the value that OTHER made was older than the knot takes (`maxAge`).',
  'value-gone': 'the value that OTHER made was not in the data store any more, or was damaged there.',
  'made-meanwhile': 'OTHER made the same only while this one was under way.',
  'not-recorded': 'OTHER made it of the same, but was not cached then.',
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
    return 'the function: one of the same source, which may have captured other values, or whose schemas are not applied (`validate`)';
  return `${PARTS[part]}: ${change}`;
}

const PARTS = { version: 'version', code: 'source of the body', place: 'place of the function' };
