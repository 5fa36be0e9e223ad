import type { RunChange, RunEnd, RunRecord } from '../../protocols';

/** The run as it stands after `end`: the first end counts, except that a termination may still be told its true end. */
export function endedRun(run: RunRecord, end: RunEnd): RunRecord {
  const environment = { ...run.environment, ...end.environment };
  const isOpen = run.status === 'running' || run.status === 'terminated';
  return isOpen
    ? { ...run, status: end.status, finished_at: end.finished_at, environment }
    : { ...run, environment };
}

export function changedRun(run: RunRecord, { environment, ...change }: RunChange): RunRecord {
  return { ...run, ...change, environment: { ...run.environment, ...environment } };
}
