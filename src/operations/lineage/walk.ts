import { z } from 'zod';
import { OUTCOME_KINDS, type ErrorCause } from '../../authoring/outcome';
import type { LineageRecord } from '../../ports';
import { instant, json, limit, list } from '../fields';
import { errorView } from '../knots/error-view';
import { errorView as errorViewOf } from '../knots/knot-view';

export const steps = limit(10_000, 500).describe('how many knots at most');

const input = z.object({
  name: z.string(),
  /** Hash of the input; absent if the parent had no value. */
  hash: z.string().optional(),
  /** The knot that the input comes from; absent for a constant. */
  knotId: z.string().optional(),
  /** A constant of at most 100 characters, encoded as in the plan; absent for other inputs, and if the plan is gone. */
  constant: json.optional(),
  /** Index of the item with the input's origin; absent for a constant, and if the knot has no record. */
  step: z.int().optional(),
});

const step = z.object({
  /** Counts from 0. */
  depth: z.int(),
  runId: z.string(),
  knotId: z.string(),
  definition: z.string().optional(),
  definitionVersion: z.string().optional(),
  outcome: z.enum(OUTCOME_KINDS),
  outputHash: z.string().optional(),
  outputSize: z.int().optional(),
  /** The run that made the value, if the item's run took it over. */
  cachedFromRun: z.string().optional(),
  error: errorView.optional(),
  through: z.string().optional(),
  at: instant,
  /** In a walk upstream: inputs, then for a knot that ran another tapestry, that run's terminals. */
  inputs: list(input).optional(),
  /** For a parameter: index of the item with the knot of an earlier run that made an equal value. */
  earlierStep: z.int().optional(),
  /** Whether an earlier item is the same knot of the same run, with its inputs. */
  repeated: z.boolean().optional(),
  /** Whether the knot has inputs beyond the limit of the walk. */
  truncated: z.boolean().optional(),
});
export type Step = z.output<typeof step>;

export const walk = z.object({
  hash: z.string(),
  items: list(step),
  truncated: z.boolean(),
});

export function stepOf(record: LineageRecord, depth: number, through?: string): Step {
  const { error } = record.extra as { error?: ErrorCause };
  return {
    depth,
    runId: record.run_id,
    knotId: record.knot_id,
    ...(record.definition !== 'parameter' && { definition: record.definition }),
    definitionVersion: record.definition_version ?? undefined,
    outcome: record.outcome,
    outputHash: record.output_hash ?? undefined,
    outputSize: record.output_size ?? undefined,
    cachedFromRun: record.cached_from_run ?? undefined,
    error: error && errorViewOf(error),
    through,
    at: record.finished_at,
  };
}
