import type { ZodType } from 'zod';
import { zod } from '../node/json-schema-of';
import { linearPattern } from './linear-pattern';
import { LIMITS } from './read-syntax';

/**
 * Limit of the parts of a document's schemas, with each `$ref` replaced by its target, together with atoms of their
 * patterns. No more parts than this limit are compiled, and checked for one value.
 */
const MOST_PARTS = LIMITS.values;

/** The JSON Schemas of an untrusted document: each takes linear time. */
export class GivenSchemas {
  private readonly patterns = new Map<string, RegExp>();
  private parts = 0;

  /** Throws an `Error` that says what is wrong. */
  read(given: unknown): ZodType {
    this.count(this.sizeOf(given, given, new Map()));
    const { fromJSONSchema } = zod();
    return this.withPatterns(() => fromJSONSchema(given as Parameters<typeof fromJSONSchema>[0]));
  }

  private count(parts: number): void {
    this.parts += parts;
    if (this.parts > MOST_PARTS) {
      throw new Error(
        `the patterns and schemas of the document have more than ${MOST_PARTS} parts together, each $ref replaced by what it stands for`,
      );
    }
  }

  /** @param targets known sizes by name */
  private sizeOf(part: unknown, root: unknown, targets: Map<string, number>): number {
    if (typeof part !== 'object' || part === null) return 0;
    let size = 1;
    for (const [key, value] of Object.entries(part) as [string, unknown][]) {
      if (key === '$ref' && typeof value === 'string') size += this.sizeOfTarget(value, root, targets);
      if (key === 'pattern' && typeof value === 'string') this.addPattern(value);
      if (key === 'patternProperties') Object.keys(value ?? {}).forEach((source) => this.addPattern(source));
      size += this.sizeOf(value, root, targets);
    }
    return size;
  }

  private sizeOfTarget(reference: string, root: unknown, targets: Map<string, number>): number {
    const [group = '', name = ''] = reference.slice(1).split('/').filter(Boolean);
    const definitions = (root as Readonly<Record<string, unknown>>)[group] ?? {};
    const target = name.replaceAll('~1', '/').replaceAll('~0', '~');
    const known = targets.get(target);
    if (known !== undefined) return known;
    // A schema within itself adds nothing: zod remembers which values it has checked by it.
    targets.set(target, 0);
    const size = this.sizeOf((definitions as Readonly<Record<string, unknown>>)[target], root, targets);
    targets.set(target, size);
    return size;
  }

  private addPattern(source: string): void {
    if (this.patterns.has(source)) return;
    const { pattern, atoms } = linearPattern(source);
    this.count(atoms);
    this.patterns.set(source, pattern);
  }

  /**
   * In `make`, `new RegExp(source)` gives the linear pattern, as zod has no option for it. `make` is synchronous,
   * so nothing else runs meanwhile.
   */
  private withPatterns<T>(make: () => T): T {
    if (this.patterns.size === 0) return make();
    const own = globalThis.RegExp;
    globalThis.RegExp = new Proxy(own, {
      construct: (target, [source, flags]: [string, string?]) =>
        (flags === undefined && this.patterns.get(source)) || new target(source, flags),
    });
    try {
      return make();
    } finally {
      globalThis.RegExp = own;
    }
  }
}
