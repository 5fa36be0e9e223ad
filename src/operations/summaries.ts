import type { Group } from './operation';

/** What is said of the operations that are verbs of their own: `selvage --help` says it without loading them. */
export const SUMMARIES = {
  'runs.waiting': {
    verb: 'waiting',
    group: 'see',
    summary: 'which unfinished runs wait, since when and for what',
  },
  'versions.list': {
    verb: 'versions',
    group: 'operate',
    summary: 'which versions of code unfinished runs need, and which can be removed',
  },
} as const satisfies Readonly<Record<string, { verb: string; group: Group; summary: string }>>;
