import type { Group } from './operation';

/** Operations with a verb of their own; `selvage --help` lists them without loading them. */
export const SUMMARIES = {
  'project.overview': {
    verb: 'overview',
    group: 'see',
    summary: 'what failed, is late, waits for a person or became worse; runs by hour, schedules, health',
  },
  'runs.waiting': {
    verb: 'waiting',
    group: 'see',
    summary: 'which unfinished runs wait, since when and for what',
  },
  'lineage.list': {
    verb: 'lineage',
    group: 'see',
    summary: 'knots that ran, with inputs, outcomes and values',
  },
  'lineage.diff': { verb: 'diff', group: 'see', summary: 'how two runs differ, and why' },
  'lineage.why': { verb: 'why', group: 'see', summary: 'upstream lineage of a value' },
  'lineage.impact': { verb: 'impact', group: 'see', summary: 'downstream lineage of a value' },
  'stats.show': {
    verb: 'stats',
    group: 'see',
    summary: 'how often what ran fails, how long it takes, and what became worse',
  },
  'partitions.list': {
    verb: 'partitions',
    group: 'see',
    summary: 'the partitions of a tapestry: missing, running, ok, stale or failed',
  },
  'runs.signal': {
    verb: 'signal',
    group: 'operate',
    summary: 'send a signal that a knot of a run waits for',
  },
  'versions.list': {
    verb: 'versions',
    group: 'operate',
    summary: 'which versions of code unfinished runs need, and which can be removed',
  },
  'workers.list': {
    verb: 'workers',
    group: 'operate',
    summary: 'task queues: the workers that are alive, and the unfinished runs that need them',
  },
} as const satisfies Readonly<Record<string, { verb: string; group: Group; summary: string }>>;
