import { nodeSha256 } from '../node/node-sha256';
import { graphOfPlan } from '../plan';
import { SelvageError } from '../errors';
import { planOf } from '../runtime';
import { isTapestry, recordOf, type Tapestry } from '../authoring';
import type { RunResult } from '../authoring/outcome';
import type { RunGraph } from '../authoring/run-graph';

/** A tapestry, or the result of `runLocally` or of a run's handle. */
export type Drawable = Tapestry<any, any> | RunResult<any>;

/** The graph of a run also shows how it ended. */
export interface Drawn {
  readonly graph: RunGraph;
  readonly run?: Pick<RunResult, 'runId' | 'status' | 'error'>;
}

/** Closes a tapestry. Throws `InvalidConfig` for values that are neither, and all errors of compiling. */
export function drawnOf(given: Drawable): Drawn {
  if (isTapestry(given)) {
    const { loaded } = planOf(recordOf(given), nodeSha256);
    return { graph: graphOfPlan(loaded.plan, loaded.hash) };
  }
  if (!isResult(given)) {
    throw new SelvageError(
      'InvalidConfig',
      `A tapestry or the result of a run was expected, and ${typeof given === 'object' ? 'another object' : typeof given} was given. ` +
        'Give what tapestry() or runLocally() answered, or the result of a handle: `await handle.result()`.',
      { details: { reason: 'WrongValue' } },
    );
  }
  const { graph, runId, status, error } = given;
  return { graph, run: { runId, status, ...(error && { error }) } };
}

function isResult(given: unknown): given is RunResult<any> {
  const { graph } = (given ?? {}) as Partial<RunResult>;
  return Array.isArray(graph?.knots);
}
