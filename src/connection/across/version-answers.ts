import { z } from 'zod';

/** Unfinished runs of one plan. */
const planInUse = z.object({
  tapestry: z.string(),
  /** The plan's hash; empty if the workers choose the plan, and have not begun the runs. */
  planHash: z.string(),
  runs: z.int(),
  /** When the oldest of these runs was started: milliseconds since the epoch. */
  oldestStartedAt: z.number(),
});
export type PlanInUse = z.output<typeof planInUse>;

/** The code of a body: one version of a definition, or a function in place. */
const bodyVersion = z.object({
  /** `name@version` or `name` of a definition, or `tapestry#knot#node` of a function in place. */
  body: z.string(),
  /**
   * Hash of the source that the runs were started with; null if no run needs the body, or only its host knows the hash.
   * Runs go on with another source of the same version, unless a knot has `onCodeChange: 'wait'`.
   */
  codeHash: z.string().nullable(),
  /** How many unfinished runs have a knot of this body without an outcome. */
  runs: z.int(),
  /** How many of those runs have a knot that waits for exactly this source. */
  pinned: z.int(),
  /** When the oldest of these runs was started: milliseconds since the epoch. Absent: there is none. */
  oldestStartedAt: z.number().optional(),
  oldestRunId: z.string().optional(),
  /** Tapestries of the runs. A nested tapestry counts as the tapestry that contains it. */
  tapestries: z.array(z.string()).readonly(),
  /** Workers with a body of this name, of this run history or of one that they do not tell. */
  workers: z.array(z.object({ identity: z.string(), taskQueue: z.string() })).readonly(),
  /**
   * Whether no run waits for this body, so that all workers can drop it. Null: not known, because the query or
   * `unknownRuns` left out runs, or because a worker that has it does not tell its run history.
   */
  safeToRemove: z.boolean().nullable(),
});
export type BodyVersion = z.output<typeof bodyVersion>;

export const versionsInUse = z.object({
  /** Plans of unfinished runs, by tapestry, then most runs first. */
  plans: z.array(planInUse).readonly(),
  /** Bodies that unfinished runs need or workers have, by name. */
  bodies: z.array(bodyVersion).readonly(),
  /** Number of unfinished runs. */
  open: z.int(),
  /** Runs with an unknown plan, at most 20: nothing is certainly safe to remove while there are any. */
  unknownRuns: z.array(z.string()).readonly(),
  /** Workers that do not tell their bodies: workers of other SDKs, and workers with very many bodies. */
  silentWorkers: z.array(z.string()).readonly(),
  /** Whether `workers` are known; false if the server keeps no list of workers. */
  workersKnown: z.boolean(),
});
export type Versions = z.output<typeof versionsInUse>;
