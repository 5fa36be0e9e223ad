import type { ComponentType } from 'preact';
import type { PageName } from '../../operations/project/about';
import type { Place } from './routes';
import type { IconName } from './ui/icons';

export interface PageProps<Name extends PageName> {
  place: Extract<Place, { page: Name }>;
}

interface Page<Name extends PageName> {
  readonly title: (place: Extract<Place, { page: Name }>) => string;
  readonly icon: IconName;
  /** Loads the page's own chunk at the first visit. */
  readonly load: () => Promise<ComponentType<PageProps<Name>>>;
}

export const PAGES: { readonly [Name in PageName]: Page<Name> } = {
  runs: {
    title: ({ tapestry }) => (tapestry === undefined ? 'Runs' : `Runs of ${tapestry}`),
    icon: 'runs',
    load: async () => (await import('./pages/runs')).RunsPage,
  },
  run: {
    title: ({ run }) => run,
    icon: 'runs',
    load: async () => (await import('./run/run-page')).RunPage,
  },
  compare: {
    title: ({ first, second }) => `${first} and ${second}`,
    icon: 'compare',
    load: async () => (await import('./compare/compare-page')).ComparePage,
  },
  value: {
    title: ({ hash }) => `Value ${hash.slice(0, 8)}`,
    icon: 'value',
    load: async () => (await import('./value/value-page')).ValuePage,
  },
  tapestry: {
    title: ({ tapestry }) => tapestry,
    icon: 'tapestry',
    load: async () => (await import('./pages/tapestry')).TapestryPage,
  },
  schedules: {
    title: () => 'Schedules',
    icon: 'schedules',
    load: async () => (await import('./pages/schedules')).SchedulesPage,
  },
  partitions: {
    title: ({ tapestry }) => `Partitions of ${tapestry}`,
    icon: 'partitions',
    load: async () => (await import('./pages/partitions')).PartitionsPage,
  },
  triggers: {
    title: () => 'Triggers',
    icon: 'triggers',
    load: async () => (await import('./pages/triggers')).TriggersPage,
  },
  workers: {
    title: () => 'Workers',
    icon: 'workers',
    load: async () => (await import('./pages/workers')).WorkersPage,
  },
  waiting: {
    title: () => 'Waiting',
    icon: 'waiting',
    load: async () => (await import('./pages/waiting')).WaitingPage,
  },
  stats: {
    title: () => 'Stats',
    icon: 'stats',
    load: async () => (await import('./pages/stats')).StatsPage,
  },
  emitters: {
    title: () => 'Emitters',
    icon: 'emitters',
    load: async () => (await import('./pages/emitters')).EmittersPage,
  },
  streams: {
    title: () => 'Streams',
    icon: 'streams',
    load: async () => (await import('./pages/streams')).StreamsPage,
  },
  approvals: {
    title: () => 'Approvals',
    icon: 'approvals',
    load: async () => (await import('./pages/approvals')).ApprovalsPage,
  },
};
