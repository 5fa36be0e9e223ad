import type { TapestryRecord } from './records';

/**
 * The tapestry that is being built. It is kept on the global object, because a library of definitions may have come with
 * its own copy of this package.
 */
const AMBIENT: unique symbol = Symbol.for('selvage.ambient-tapestry') as typeof AMBIENT;
const globals = globalThis as { [AMBIENT]?: TapestryRecord };

export function ambientTapestry(): TapestryRecord | undefined {
  return globals[AMBIENT];
}

/** Runs `build` with `tapestry` as the ambient one; may be nested. */
export function withAmbientTapestry<R>(tapestry: TapestryRecord, build: () => R): R {
  const outer = globals[AMBIENT];
  globals[AMBIENT] = tapestry;
  try {
    return build();
  } finally {
    globals[AMBIENT] = outer;
  }
}
