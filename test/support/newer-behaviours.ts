/** Stands in for src/workflows/behaviours.ts in a bundle of its own: the interpreter of a version that is yet to come. */
import { NEWEST_BEHAVIOUR as PRESENT } from '../../src/workflows/behaviours';

export * from '../../src/workflows/behaviours';

export const NEWEST_BEHAVIOUR = PRESENT + 1;

export function requireKnownBehaviour(): void {}
