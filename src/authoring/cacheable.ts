import { SelvageError } from '../errors';
import type { CacheOptions, DefinitionRecord, ReadKnotOptions } from './records';

type Cacheable = Pick<DefinitionRecord, 'name' | 'version' | 'node' | 'inline' | 'receives' | 'map'> &
  Partial<Pick<DefinitionRecord, 'source'>>;

/** The end of the source text of native functions, and of functions made by `bind`, whatever they call. */
const NATIVE = /\{\s*\[native code\]\s*\}\s*$/;

/**
 * Whether a knot's values (of a map: its elements' values) depend only on code and inputs, so that they can be
 * reused. Nodes that pass values on are excluded, as are bodies that receive outcomes: failures are never reused.
 */
export function isCacheable({ node, receives }: Cacheable): boolean {
  return (node === undefined || node === 'map') && receives === 'values';
}

export function cacheOf({ cache }: ReadKnotOptions): CacheOptions<number> | undefined {
  if (cache === undefined || cache === false) return undefined;
  return cache === true ? {} : cache;
}

/** Throws `InvalidConfig` or `CacheWithoutVersion`. */
export function requireCacheable(owner: string, definition: Cacheable, options: ReadKnotOptions): void {
  const cache = cacheOf(options);
  if (!cache) return;
  if (definition.receives === 'outcomes') throw receivesOutcomes(owner, definition);
  const body = definition.map?.each ?? definition;
  if (body.version !== undefined) return;
  if (cache.codeHash !== 'source') throw withoutVersion(owner, body);
  if (body.source !== undefined && NATIVE.test(body.source)) throw withoutSource(owner, body);
}

function receivesOutcomes(owner: string, { name }: Cacheable): SelvageError {
  return new SelvageError(
    'InvalidConfig',
    `The option "cache" of ${owner} cannot be used: the definition "${name}" receives outcomes, and failures are never reused. Remove it; give it to ` +
      'the knots whose values go in.',
    { details: { owner, option: 'cache', definition: name, reason: 'NotApplicable' } },
  );
}

function withoutSource(owner: string, { name, inline }: Cacheable): SelvageError {
  const remedy = inline
    ? 'Write it out: (inputs) => f(inputs).'
    : `Write it out, (inputs) => f(inputs), or give the definition a version: knot('${name}', { version: '1', cache: true }, …).`;
  return new SelvageError(
    'CacheWithoutVersion',
    `The values of ${owner} are to be reused as long as the source of the body is the same, and the body of definition "${name}" has none: it was made ` +
      `by \`bind\` or belongs to JavaScript itself. ${remedy}`,
    { details: { owner, definition: name } },
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
