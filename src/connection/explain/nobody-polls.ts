import type { QueuePollers } from './facts';

/** Says for people that no worker polls the task queue, with the wanted and the present builds. */
export function nobodyPolls(taskQueue: string, { builds }: Pick<QueuePollers, 'builds'>): string {
  return builds
    ? `${builds.wanted}, polls task queue "${taskQueue}"; there are ${builds.others}`
    : `no worker polls task queue "${taskQueue}"`;
}
