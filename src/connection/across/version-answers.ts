import { z } from 'zod';

/** Unfinished runs of one plan. */
const planInUse = z.object({
  tapestry: z.string(),
  /** Empty: the workers choose it, and have not begun the runs. */
  planHash: z.string(),
  runs: z.int(),
  /** When the oldest of them was started: milliseconds since the epoch. */
  oldestStartedAt: z.number(),
});
export type PlanInUse = z.output<typeof planInUse>;

/** The code of a body: one version of a definition, or a function in place. */
const bodyVersion = z.object({
  /** `name@version` or `name` of a definition, or `tapestry#knot#node` of a function in place. */
  body: z.string(),
  /**
   * Hash of the source that the runs were started with; null if none needs it, or if only its host knows it. Runs go on with another source
   * of the same version, unless a knot has `onCodeChange: 'wait'`.
   */
  codeHash: z.string().nullable(),
  /** How many unfinished runs have a knot of it without an outcome. */
  runs: z.int(),
  /** How many of these have such a knot that waits for exactly this source. */
  pinned: z.int(),
  /** When the oldest of them was started: milliseconds since the epoch. Absent: there is none. */
  oldestStartedAt: z.number().optional(),
  /** The id of that one. */
  oldestRunId: z.string().optional(),
  /** Tapestries of the runs, nested ones by those that they are nested in. */
  tapestries: z.array(z.string()).readonly(),
  /** Workers of this run history, or of one that they do not tell, that say that they have a body of this name. */
  workers: z.array(z.object({ identity: z.string(), taskQueue: z.string() })).readonly(),
  /**
   * Whether it can be removed from all workers without a run that waits for it. Null: not known, as runs were left out by the query or as of
   * {@link Versions.unknownRuns}, or as a worker that has it does not tell whose runs it works for.
   */
  safeToRemove: z.boolean().nullable(),
});
export type BodyVersion = z.output<typeof bodyVersion>;

export const versionsInUse = z.object({
  /** By tapestry, those with most runs first. */
  plans: z.array(planInUse).readonly(),
  /** What unfinished runs need or workers have, by name. */
  bodies: z.array(bodyVersion).readonly(),
  /** Number of unfinished runs. */
  open: z.int(),
  /** Ids of unfinished runs whose plan is not known: what they need is not counted, so nothing is certainly safe to remove. At most 20. */
  unknownRuns: z.array(z.string()).readonly(),
  /** Workers that do not tell their bodies: those of other SDKs, and with very many bodies. */
  silentWorkers: z.array(z.string()).readonly(),
  /** False: the server keeps no list of workers, so that no `workers` are known. */
  workersKnown: z.boolean(),
});
export type Versions = z.output<typeof versionsInUse>;
