import type { LineageRecord } from '../../ports';

/** In bytes. Values smaller than this size (numbers, flags, short texts) are often equal by chance. */
const TELLING_BYTES = 32;

/**
 * Whether an equal hash in another run shows that the value came from there. Lineage is followed only through such
 * telling values.
 */
export function isTelling({ output_size }: Pick<LineageRecord, 'output_size'>): boolean {
  return output_size !== null && output_size >= TELLING_BYTES;
}

export const PARAMETER = 'parameter';

export function isParameter({ definition }: LineageRecord): boolean {
  return definition === PARAMETER;
}

/** Whether all functions in place of one kind share this name: the name of a node. */
export function isOfNode(definition: string): boolean {
  return definition.startsWith('selvage.');
}
