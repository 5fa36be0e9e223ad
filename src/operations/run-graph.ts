import { z } from 'zod';
import { OUTCOME_KINDS, SKIP_REASONS } from '../authoring/outcome';
import type { GraphKnotKind, GraphState, RunGraph } from '../authoring/run-graph';
import { instant, list } from './fields';

export const graphState: z.ZodType<GraphState> = z.object({
  outcome: z.enum(OUTCOME_KINDS),
  skipReason: z.enum(SKIP_REASONS).optional(),
  outputHash: z.string().optional(),
  outputSize: z.int().optional(),
  scheduledAt: instant,
  startedAt: instant,
  finishedAt: instant,
  attempt: z.int(),
  cachedFromRun: z.string().optional(),
  error: z.object({ type: z.string(), message: z.string(), at: z.string().optional() }).optional(),
  elements: z.object({ count: z.int(), failed: z.int(), reused: z.int().optional() }).optional(),
  ranCodeHash: z.string().optional(),
  childRunId: z.string().optional(),
  worker: z.string().optional(),
  attempts: list(
    z.object({
      attempt: z.int(),
      startedAt: instant,
      endedAt: instant,
      worker: z.string().optional(),
      reason: z.object({ code: z.string(), message: z.string() }),
    }),
  ).optional(),
  waits: list(z.object({ code: z.string(), since: instant, until: instant })).optional(),
});

const graphKnot = z.object({
  id: z.string(),
  kind: z.string() as unknown as z.ZodType<GraphKnotKind>,
  definition: z.string().optional(),
  version: z.string().optional(),
  codeHash: z.string().optional(),
  configHash: z.string(),
  inputs: list(
    z.union([
      z.object({ name: z.string(), from: z.int() }),
      z.object({ name: z.string(), constant: z.string() }),
    ]),
  ),
  terminals: list(z.string()).optional(),
  each: z.string().optional(),
  summary: z.string().optional(),
  signal: z.string().optional(),
  optional: z.literal(true).optional(),
  cached: z.literal(true).optional(),
  local: z.literal(true).optional(),
  taskQueue: z.string().optional(),
  maximumAttempts: z.int().optional(),
  state: graphState.optional(),
});

export const runGraph: z.ZodType<RunGraph> = z.object({
  tapestry: z.string(),
  planHash: z.string(),
  knots: list(graphKnot),
});
