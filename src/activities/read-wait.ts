import { Context } from '@temporalio/activity';
import { unpackHash } from '../values';
import { assembleInputs, waitEnd, withReadInputs } from '../runtime';
import { findParents } from './parents';
import type { WaitEnd, WaitRequest } from '../workflows/messages';
import type { WorkerEnvironment } from './worker-environment';

/** Reads until when a knot waits, if its duration or time is a value of the run. */
export async function readWait(environment: WorkerEnvironment, { task, now }: WaitRequest): Promise<WaitEnd> {
  const plan = await environment.plans.get(unpackHash(task.plan)!);
  const knot = plan.knot(task.knot);
  const { workflowId } = Context.current().info.workflowExecution!;
  const parents = await findParents(environment, plan, knot, {
    plan: plan.hash,
    runId: task.runId ?? workflowId,
    temporalRunId: task.temporalRunId,
    knot: knot.id,
    parents: task.parents,
  });
  const reading = withReadInputs(knot);
  const inputs = assembleInputs(reading, 'values', await parents.read(reading, 'values'));
  return { until: waitEnd(knot, inputs, now)! };
}
