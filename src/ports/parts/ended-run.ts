import type { RunChange, RunEnd, RunRecord } from '..';

/** The first end of a run counts, except that a terminated run may still get its true end. */
export function endedRun(run: RunRecord, end: RunEnd): RunRecord {
  const details = { ...run.details, ...end.details };
  const isOpen = run.status === 'running' || run.status === 'terminated';
  return isOpen ? { ...run, status: end.status, finished_at: end.finished_at, details } : { ...run, details };
}

export function changedRun(run: RunRecord, { details, resumedAs, ...change }: RunChange): RunRecord {
  const { resumed_as: before = [] } = run.details as { resumed_as?: readonly string[] };
  const resumes = resumedAs === undefined ? {} : { resumed_as: [...new Set([...before, resumedAs])] };
  return { ...run, ...change, details: { ...run.details, ...details, ...resumes } };
}
