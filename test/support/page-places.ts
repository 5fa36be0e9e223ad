import type { PageName } from '../../src/operations/project/about';
import type { Place, Places } from '../../src/explorer/page/routes';
import { pathOf } from '../../src/explorer/page/routes';

/** What the places of the table show; made by `access.test.ts`. */
export interface Shown {
  readonly hash: string;
  readonly stream: string;
  readonly emitter: string;
}

type PlacesOf<Name extends PageName> = readonly Places[Name][];

/** Every page with the places that the tests look at. A page without a line here does not compile. */
const PLACES: { readonly [Name in PageName]: (shown: Shown) => PlacesOf<Name> } = {
  overview: () => [{}, { last: '7d' }],
  runs: () => [
    {},
    { columns: 'tapestry,parameters,tags,started' },
    { tapestry: 'weather-report', status: 'failed' },
    { text: 'nothing-is-called-so' },
    { tapestry: 'weather-report', view: 'grid' },
  ],
  run: () => [
    { run: 'rhine-morning' },
    { run: 'rhine-morning', filter: 'failed', closed: 'fetch' },
    { run: 'rhine-morning', knot: 'clean.calibrated' },
    { run: 'rhine-morning', view: 'list', filter: 'failed' },
    { run: 'alps-morning', knot: 'fetch.readings' },
    { run: 'alps-morning', view: 'list', knot: 'fetch.radar' },
    { run: 'alps-morning', view: 'timeline', knot: 'fetch.radar' },
    { run: 'alps-morning', view: 'timeline', filter: 'clean', closed: 'fetch' },
    { run: 'alps-morning', view: 'logs', filter: 'info' },
    { run: 'alps-morning', view: 'parameters' },
    { run: 'rhine-noon', knot: 'approval' },
    { run: 'rhine-noon', view: 'list' },
    { run: 'rhine-noon', view: 'timeline' },
    { run: 'rhine-noon', view: 'logs' },
  ],
  compare: () => [
    { first: 'alps-morning', second: 'alps-noon' },
    { first: 'alps-morning', second: 'alps-noon', knot: 'clean.calibrated', filter: 'clean' },
  ],
  value: ({ hash }) => [
    { hash, run: 'alps-morning' },
    { hash, run: 'alps-morning', view: 'upstream' },
  ],
  tapestry: () => [
    { tapestry: 'weather-report' },
    { tapestry: 'weather-report', view: 'graph', knot: 'kind' },
    { tapestry: 'weather-report', view: 'grid' },
    { tapestry: 'days', view: 'partitions' },
  ],
  schedules: () => [{}, { schedule: 'nightly' }],
  partitions: () => [{ tapestry: 'days' }, { tapestry: 'days', key: '2024-01-02' }],
  triggers: () => [{}, { trigger: 'webhook:orders' }],
  workers: () => [{}],
  waiting: () => [{}, { by: 'knot' }],
  stats: () => [{}, { by: 'knot', sort: '-failed' }],
  emitters: ({ emitter }) => [{}, { emitter }],
  streams: ({ stream }) => [{}, { stream }],
  approvals: () => [{}, { run: 'rhine-noon', signal: 'approval' }],
};

export const PAGE_NAMES = Object.keys(PLACES) as PageName[];

export function pathsOf(page: PageName, shown: Shown): string[] {
  return PLACES[page](shown).map((values) => pathOf({ page, ...values } as Place));
}
