import { MEMO_KEY, type ChildMemo, type RunMemo } from './messages';
import type { ChildOptions, StartedChild, ChildWorld } from './world';

/** Starts a child run, or the run of a nested tapestry. */
export function startChildRun(
  world: ChildWorld,
  type: string,
  memo: ChildMemo | RunMemo,
  options: ChildOptions,
): Promise<StartedChild> {
  return world.startChild(type, {
    ...options,
    memo: { [MEMO_KEY]: memo },
    // An existing workflow of this id was left behind by a run, or a child run, that was terminated or reset.
    workflowIdReusePolicy: 'TERMINATE_IF_RUNNING',
  });
}
