import type { PageName } from '../../operations/project/about';

/** The state that each page keeps in the URL: names of its pattern in the path, all others in the query. */
export interface Places {
  /** The overview. `last`: a time such as `7d`. Default: a day. */
  overview: { last?: string };
  runs: {
    tapestry?: string;
    definition?: string;
    /** Outcome of the definition's knots. */
    outcome?: string;
    status?: string;
    actor?: string;
    trigger?: string;
    tag?: string;
    partition?: string;
    since?: string;
    until?: string;
    text?: string;
    view?: string;
    /** Names of columns, with commas between them. */
    columns?: string;
  };
  run: {
    run: string;
    knot?: string;
    tab?: string;
    view?: string;
    /** The camera of the graph; see `cameraText`. */
    at?: string;
    /** Names of the groups that are drawn as one box each. */
    closed?: string;
    filter?: string;
    /** Filters of the log: the least urgent level, a text in lines, and the knot. */
    level?: string;
    text?: string;
    logsOf?: string;
    /** Id of the map's element that is shown. */
    element?: string;
    /** The timeline: its times, the order of rows, `group` or `worker`, `real`, and `critical`. */
    from?: string;
    to?: string;
    order?: string;
    by?: string;
    scale?: string;
    path?: string;
  };
  compare: { first: string; second: string; knot?: string; filter?: string };
  value: {
    hash: string;
    run?: string;
    view?: string;
    /** The value to compare with, and its run. */
    with?: string;
    withRun?: string;
  };
  tapestry: { tapestry: string; view?: string; knot?: string; state?: string; key?: string };
  schedules: { schedule?: string };
  partitions: { tapestry: string; state?: string; key?: string };
  triggers: { trigger?: string };
  workers: { queue?: string };
  waiting: { by?: string };
  stats: {
    by?: string;
    last?: string;
    /** A column, with `-` before it for descending. */
    sort?: string;
  };
  emitters: { emitter?: string };
  streams: { stream?: string };
  approvals: { run?: string; signal?: string };
}

export type Place = {
  readonly [Name in PageName]: { readonly page: Name } & Readonly<Places[Name]>;
}[PageName];

export interface PageProps<Name extends PageName> {
  place: Extract<Place, { page: Name }>;
}

const PATTERNS: { readonly [Name in PageName]: readonly string[] } = {
  overview: ['overview'],
  runs: ['runs'],
  run: ['runs', ':run'],
  compare: ['compare', ':first', ':second'],
  value: ['values', ':hash'],
  tapestry: ['tapestries', ':tapestry'],
  schedules: ['schedules'],
  partitions: ['partitions', ':tapestry'],
  triggers: ['triggers'],
  workers: ['workers'],
  waiting: ['waiting'],
  stats: ['stats'],
  emitters: ['emitters'],
  streams: ['streams'],
  approvals: ['approvals'],
};

const NAMES = Object.keys(PATTERNS) as PageName[];

/** The path of a place below the base, such as `runs/nightly-7?view=timeline`. */
export function pathOf(place: Place): string {
  const { page, ...values } = place as { page: PageName } & Record<string, string | undefined>;
  const rest = new Map(Object.entries(values));
  const path = PATTERNS[page].map((part) => {
    if (!part.startsWith(':')) return part;
    const name = part.slice(1);
    const value = rest.get(name) ?? '';
    rest.delete(name);
    return segment(value);
  });
  const query = new URLSearchParams();
  for (const [name, value] of [...rest].sort(([a], [b]) => (a < b ? -1 : 1)))
    if (value !== undefined && value !== '') query.set(name, value);
  const text = query.toString();
  return path.join('/') + (text === '' ? '' : `?${text}`);
}

export function placeOf(pathAndQuery: string): Place | undefined {
  const [path = '', query = ''] = splitAt(pathAndQuery.replace(/^\//, ''), '?');
  const parts = path.replace(/\/$/, '').split('/');
  const page = NAMES.find(
    (name) =>
      PATTERNS[name].length === parts.length &&
      PATTERNS[name].every((part, index) =>
        part.startsWith(':') ? parts[index] !== '' : part === parts[index],
      ),
  );
  if (page === undefined) return undefined;
  const values: Record<string, string> = Object.fromEntries(new URLSearchParams(query));
  delete values['page'];
  for (const [index, part] of PATTERNS[page].entries()) {
    if (!part.startsWith(':')) continue;
    const value = valueOf(parts[index]!);
    if (value === undefined) return undefined;
    values[part.slice(1)] = value;
  }
  return { page, ...values } as Place;
}

/** `~` keeps `.` and `..` from browsers, which resolve them even when escaped. Lone surrogates become U+FFFD. */
function segment(value: string): string {
  const marked = /^(\.{1,2}$|~|$)/.test(value) ? `~${value}` : value;
  return encodeURIComponent(
    marked.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd'),
  );
}

function valueOf(part: string): string | undefined {
  try {
    return decodeURIComponent(part).replace(/^~/, '');
  } catch {
    return undefined;
  }
}

function splitAt(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
