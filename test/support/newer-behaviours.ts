/** Replaces src/workflows/behaviours.ts in a special bundle: the interpreter of a future version. */
import { NEWEST_BEHAVIOUR as PRESENT } from '../../src/workflows/behaviours';

export * from '../../src/workflows/behaviours';

export const NEWEST_BEHAVIOUR = PRESENT + 1;

export function requireKnownBehaviour(): void {}
