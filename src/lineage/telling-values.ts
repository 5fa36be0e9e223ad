import type { LineageRecord } from '../protocols';

/** Bytes. Numbers, flags and short texts are equal by chance. */
const TELLING_BYTES = 32;

/**
 * Whether an equal hash in another run says that the value came from there: a question follows a value from run to run, where it is
 * the parameter of one and was made in another, only if it is large enough for that.
 */
export function isTelling({ output_size }: LineageRecord): boolean {
  return output_size !== null && output_size >= TELLING_BYTES;
}

export const PARAMETER = 'parameter';

export function isParameter({ knot_class }: LineageRecord): boolean {
  return knot_class === PARAMETER;
}
