import type { RunQuery, RunRecord } from '..';

export function runMatches(
  run: Pick<RunRecord, 'tapestry' | 'status' | 'actor' | 'trigger' | 'started_at'> & {
    readonly tags: readonly string[];
  },
  query: RunQuery,
): boolean {
  return (
    (query.tapestry === undefined || run.tapestry === query.tapestry) &&
    (query.status === undefined || run.status === query.status) &&
    (query.actor === undefined || run.actor === query.actor) &&
    (query.trigger === undefined || run.trigger === query.trigger) &&
    (query.tag === undefined || run.tags.includes(query.tag)) &&
    (query.since === undefined || run.started_at >= query.since) &&
    (query.until === undefined || run.started_at < query.until)
  );
}
