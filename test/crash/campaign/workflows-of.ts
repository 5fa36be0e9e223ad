import { mapOfElement } from '../../../src/authoring/element-id';
import { childRunId } from '../../../src/workflows/child-run-id';

/** Ids of the workflows that may have the activity of a knot: its run, and child runs that are its own or its map's. */
export function workflowsOf(runId: string, knot: string): string[] {
  return [runId, childRunId(runId, mapOfElement(knot) ?? knot)];
}
