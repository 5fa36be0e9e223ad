import type { Continuation } from './carried-over';
import { interpret } from './interpreter';
import { runKnot } from './knot-run';
import { runMap } from './map-run';
import { INTERPRETER, KNOT_WORKFLOW, STREAM_WORKFLOW, childWorkflowType } from './messages';
import { runLoop, runSubTapestry } from './nested-run';
import { runStream } from './temporal/stream';
import { TEMPORAL } from './temporal/world';
import type { World } from './world';

type OwnWorkflow = (world: World, input: never, continuation?: never) => Promise<unknown>;

/** No tapestry can have a name like these workflow types. */
const OWN_WORKFLOWS: ReadonlyMap<string, OwnWorkflow> = new Map<string, OwnWorkflow>([
  [KNOT_WORKFLOW, runKnot],
  [childWorkflowType('subTapestry'), runSubTapestry],
  [childWorkflowType('loop'), runLoop],
  [childWorkflowType('map'), runMap],
  [STREAM_WORKFLOW, (_, request, continuation) => runStream(request, continuation)],
]);

/**
 * The workflow entry, a default handler for all workflow types. A bundle of your own re-exports this handler:
 * `export { default } from 'selvage/workflows'`.
 */
export default function enter(input: unknown, continuation?: unknown): Promise<unknown> {
  const own = OWN_WORKFLOWS.get(TEMPORAL.facts().workflowType);
  return own
    ? own(TEMPORAL, input as never, continuation as never)
    : interpret(TEMPORAL, input, continuation as Continuation | undefined);
}
Object.defineProperty(enter, Symbol.for(INTERPRETER), { value: true });
