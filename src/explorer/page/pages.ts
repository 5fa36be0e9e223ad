import type { ComponentType } from 'preact';
import type { PageName } from '../../operations/project/about';
import { about } from './app';
import type { PageProps, Place } from './routes';
import type { IconName } from './ui/icons';

type Of<Name extends PageName> = Extract<Place, { page: Name }>;

interface Page<Name extends PageName> {
  readonly title: string | ((place: Of<Name>) => string);
  /** The page's icon; if omitted, the icon with the name of the page. */
  readonly icon?: IconName;
  readonly keys?: string;
  /** Loads the chunk of the page. Pages with keys are in the menu, in this order. */
  readonly load: () => Promise<ComponentType<PageProps<Name>>>;
}

const PAGES: { readonly [Name in PageName]: Page<Name> } = {
  overview: {
    title: 'Overview',
    keys: 'g o',
    load: async () => (await import('./pages/overview')).OverviewPage,
  },
  runs: {
    title: ({ tapestry }) => (tapestry === undefined ? 'Runs' : `Runs of ${tapestry}`),
    keys: 'g r',
    load: async () => (await import('./pages/runs')).RunsPage,
  },
  approvals: {
    title: 'Approvals',
    keys: 'g a',
    load: async () => (await import('./pages/approvals')).ApprovalsPage,
  },
  schedules: {
    title: 'Schedules',
    keys: 'g s',
    load: async () => (await import('./pages/schedules')).SchedulesPage,
  },
  triggers: {
    title: 'Triggers',
    keys: 'g t',
    load: async () => (await import('./pages/operated')).TriggersPage,
  },
  streams: {
    title: 'Streams',
    keys: 'g m',
    load: async () => (await import('./pages/streams')).StreamsPage,
  },
  workers: {
    title: 'Workers',
    keys: 'g w',
    load: async () => (await import('./pages/operated')).WorkersPage,
  },
  waiting: {
    title: 'Waiting',
    keys: 'g i',
    load: async () => (await import('./pages/waiting')).WaitingPage,
  },
  stats: { title: 'Stats', keys: 'g f', load: async () => (await import('./pages/stats')).StatsPage },
  emitters: {
    title: 'Emitters',
    keys: 'g e',
    load: async () => (await import('./pages/operated')).EmittersPage,
  },
  run: {
    title: ({ run }) => run,
    icon: 'runs',
    load: async () => (await import('./run/run-page')).RunPage,
  },
  compare: {
    title: ({ first, second }) => `${first} and ${second}`,
    load: async () => (await import('./compare/compare-page')).ComparePage,
  },
  value: {
    title: ({ hash }) => `Value ${hash.slice(0, 8)}`,
    load: async () => (await import('./value/value-page')).ValuePage,
  },
  tapestry: {
    title: ({ tapestry }) => tapestry,
    load: async () => (await import('./pages/tapestry')).TapestryPage,
  },
  partitions: {
    title: ({ tapestry }) => `Partitions of ${tapestry}`,
    load: async () => (await import('./pages/partitions')).PartitionsPage,
  },
};

export function titleOf(place: Place): string {
  const { title } = PAGES[place.page] as Page<PageName>;
  return typeof title === 'string' ? title : title(place);
}

export async function loadPage(name: PageName): Promise<ComponentType<PageProps<PageName>>> {
  return (await PAGES[name].load()) as ComponentType<PageProps<PageName>>;
}

interface MenuEntry {
  readonly place: Place;
  readonly title: string;
  readonly icon: IconName;
  readonly keys: string;
}

/** The pages that need no further choice, as far as this server has them. */
export function menu(): MenuEntry[] {
  return (Object.keys(PAGES) as PageName[]).flatMap((name) => {
    const { keys, icon = name } = PAGES[name];
    if (keys === undefined || !about.value.abilities.pages.includes(name)) return [];
    const place = { page: name } as Place;
    return [{ place, title: titleOf(place), icon: icon as IconName, keys }];
  });
}
