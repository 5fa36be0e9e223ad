import type { QueuePollers } from './facts';

export function nobodyPolls(taskQueue: string, { builds }: Pick<QueuePollers, 'builds'>): string {
  return builds
    ? `${builds.wanted}, polls task queue "${taskQueue}"; there are ${builds.others}`
    : `no worker polls task queue "${taskQueue}"`;
}
