import { MEMO_KEY, type ChildMemo, type RunMemo } from './messages';
import type { ChildOptions, StartedChild, ChildWorld } from './world';

export function startChildRun(
  world: ChildWorld,
  type: string,
  memo: ChildMemo | RunMemo,
  options: ChildOptions,
): Promise<StartedChild> {
  return world.startChild(type, {
    ...options,
    memo: { [MEMO_KEY]: memo },
    // A run or child run of this id that was terminated or reset left the existing workflow behind.
    workflowIdReusePolicy: 'TERMINATE_IF_RUNNING',
  });
}
