import { SelvageError } from '../errors';
import type { CacheOptions, DefinitionRecord, ErrorPolicy, KnotOptions } from './records';

type Cacheable = Pick<DefinitionRecord, 'name' | 'version' | 'node' | 'inline' | 'receives' | 'map'>;

/**
 * Whether the values of its knots, or of a map those of its elements, follow from its code and the values that go in, so that they can be
 * reused: not of another node, which passes on what others made or does more than call a body, nor of a body that receives outcomes, of which
 * failures are no values.
 */
export function isCacheable({ node, receives }: Cacheable): boolean {
  return (node === undefined || node === 'map') && receives === 'values';
}

/** What the options say of reuse; undefined: nothing is reused. */
export function cacheOf({ cache }: KnotOptions<ErrorPolicy>): CacheOptions | undefined {
  if (cache === undefined || cache === false) return undefined;
  return cache === true ? {} : cache;
}

/**
 * @param owner whose options they are, for the message
 * @throws SelvageError InvalidConfig, CacheWithoutVersion
 */
export function requireCacheable(
  owner: string,
  definition: Cacheable,
  options: KnotOptions<ErrorPolicy>,
): void {
  const cache = cacheOf(options);
  if (!cache) return;
  if (definition.receives === 'outcomes') throw receivesOutcomes(owner, definition);
  const body = definition.map?.each ?? definition;
  if (body.version !== undefined || cache.codeHash === 'source') return;
  throw withoutVersion(owner, body);
}

function receivesOutcomes(owner: string, { name }: Cacheable): SelvageError {
  return new SelvageError(
    'InvalidConfig',
    `The option "cache" of ${owner} cannot be used: the definition "${name}" receives outcomes, and failures are never reused. Remove it; give it to ` +
      'the knots whose values go in.',
    { details: { owner, option: 'cache', definition: name, reason: 'Meaningless' } },
  );
}

function withoutVersion(owner: string, { name, inline }: Cacheable): SelvageError {
  const bySource = "cache: { codeHash: 'source' }";
  const remedy = inline
    ? `Functions that are written in place have none: write ${bySource}, by which an edit of the function makes it new.`
    : `Give it one that you change when its body computes something else, knot('${name}', { version: '1', cache: true }, …), or write ` +
      `${bySource}, by which every edit of the body makes it new.`;
  return new SelvageError(
    'CacheWithoutVersion',
    `The values of ${owner} are to be reused, and the definition "${name}" has no version to tell when its body computes something else. ${remedy}`,
    { details: { owner, definition: name } },
  );
}
