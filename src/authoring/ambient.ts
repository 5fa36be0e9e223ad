import type { TapestryRecord } from './records';

/** The tapestry that is being built, a global, as a library may come with its own copy of this package. */
const AMBIENT: unique symbol = Symbol.for('selvage.ambient-tapestry') as typeof AMBIENT;
const globals = globalThis as { [AMBIENT]?: TapestryRecord };

export function ambientTapestry(): TapestryRecord | undefined {
  return globals[AMBIENT];
}

/** Runs `build` with `tapestry` as the ambient one. Calls may nest. */
export function withAmbientTapestry<R>(tapestry: TapestryRecord, build: () => R): R {
  const outer = globals[AMBIENT];
  globals[AMBIENT] = tapestry;
  try {
    return build();
  } finally {
    globals[AMBIENT] = outer;
  }
}
