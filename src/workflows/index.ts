import { workflowInfo } from '@temporalio/workflow';
import { interpret, type Continuation } from './interpreter';
import { runKnot } from './knot-run';
import { KNOT_WORKFLOW, type ChildTask } from './messages';

/**
 * The workflow entry: one default handler for every workflow type. Users with a bundle of their own re-export it:
 * `export { default } from 'selvage/workflows'`.
 */
export default function enter(input: unknown, continuation?: Continuation): Promise<unknown> {
  return workflowInfo().workflowType === KNOT_WORKFLOW
    ? runKnot(input as ChildTask)
    : interpret(input, continuation);
}
