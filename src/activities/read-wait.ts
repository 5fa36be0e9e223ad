import { Context } from '@temporalio/activity';
import { unpackHash } from '../canonical';
import { assembleInputs, waitEnd, withReadInputs } from '../execution';
import { findParents } from '../interceptors/activity/parents';
import type { WaitEnd, WaitRequest } from '../workflows/messages';
import type { WorkerEnvironment } from './worker-environment';

/** Until when a knot waits whose duration or time is a value of the run. */
export async function readWait(environment: WorkerEnvironment, { task, now }: WaitRequest): Promise<WaitEnd> {
  const plan = await environment.plans.get(unpackHash(task.plan)!);
  const knot = plan.knot(task.knot);
  const { workflowId } = Context.current().info.workflowExecution!;
  const parents = await findParents(environment, plan, knot, {
    plan: plan.hash,
    runId: task.runId ?? workflowId,
    recordRun: task.run,
    knot: knot.id,
    parents: task.parents,
  });
  const reading = withReadInputs(knot);
  const inputs = assembleInputs(reading, 'values', await parents.read(reading, 'values'));
  return { until: waitEnd(knot, inputs, now)! };
}
