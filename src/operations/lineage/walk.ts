import { z } from 'zod';
import type { LineageRecord } from '../../ports';
import { instant, list } from '../fields';

/** The most steps of a walk. */
export const STEPS = 500;

const step = z.object({
  /** Counts from 0. */
  depth: z.int(),
  runId: z.string(),
  knotId: z.string(),
  definition: z.string().optional(),
  outputHash: z.string().optional(),
  through: z.string().optional(),
  at: instant,
});
export type Step = z.output<typeof step>;

/** A walk from a value through the lineage, up or down. */
export const walk = z.object({
  hash: z.string(),
  /** In the order of the walk. */
  items: list(step),
  truncated: z.boolean(),
});

export function stepOf(record: LineageRecord, depth: number, through?: string): Step {
  return {
    depth,
    runId: record.run_id,
    knotId: record.knot_id,
    ...(record.definition !== 'parameter' && { definition: record.definition }),
    ...(record.output_hash !== null && { outputHash: record.output_hash }),
    through,
    at: record.finished_at,
  };
}
