import { workflowInfo } from '@temporalio/workflow';
import type { Continuation } from './carried-over';
import { interpret } from './interpreter';
import { runKnot } from './knot-run';
import { runMap } from './map-run';
import { KNOT_WORKFLOW, childWorkflowType, type ChildTask } from './messages';
import { runLoop, runSubTapestry } from './nested-run';

/** Child runs by workflow type. No tapestry can have such a name. */
const CHILD_RUNS: ReadonlyMap<string, (task: ChildTask, continuation?: never) => Promise<unknown>> = new Map<
  string,
  (task: ChildTask, continuation?: never) => Promise<unknown>
>([
  [KNOT_WORKFLOW, runKnot],
  [childWorkflowType('subTapestry'), runSubTapestry],
  [childWorkflowType('loop'), runLoop],
  [childWorkflowType('map'), runMap],
]);

/**
 * The workflow entry: one default handler for every workflow type. Users with a bundle of their own re-export it:
 * `export { default } from 'selvage/workflows'`.
 */
export default function enter(input: unknown, continuation?: unknown): Promise<unknown> {
  const childRun = CHILD_RUNS.get(workflowInfo().workflowType);
  return childRun
    ? childRun(input as ChildTask, continuation as never)
    : interpret(input, continuation as Continuation | undefined);
}
