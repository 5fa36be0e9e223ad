import { parse } from 'yaml';
import { readFile } from '../../support/doc-snippets';

/** Its types are those of an ECMAScript module. */
const load = async () => await import('@prometheus-io/lezer-promql');
let promql: Awaited<ReturnType<typeof load>>;
beforeAll(async () => {
  promql = await load();
});

/** The first thing in a query that is no PromQL; undefined if all is. */
function mistakeIn(query: string): string | undefined {
  let mistake: string | undefined;
  promql.parser.parse(query).iterate({
    enter: ({ type, from }) => {
      if (type.isError) mistake ??= `${query.slice(0, from)} <here> ${query.slice(from)}`;
    },
  });
  return mistake;
}

interface Alerts {
  readonly groups: readonly { readonly rules: readonly { readonly expr: string }[] }[];
}
interface Panel {
  readonly targets?: readonly { readonly expr: string }[];
  readonly panels?: readonly Panel[];
}

const queriesOf = ({ targets = [], panels = [] }: Panel): string[] => [
  ...targets.map(({ expr }) => expr),
  ...panels.flatMap(queriesOf),
];

test.each([
  [
    'operations/alerts.yaml',
    (text: string) => (parse(text) as Alerts).groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)),
  ],
  ['grafana-dashboard.json', (text: string) => queriesOf(JSON.parse(text) as Panel)],
  ['operations/kubernetes.yaml', (text: string) => [/# .*: (max\(.*\))$/m.exec(text)![1]!]],
])('the queries of %s are PromQL', (file, queries) => {
  const all = queries(readFile(`docs/${file}`));
  expect(all.length).toBeGreaterThan(0);
  expect(all.map(mistakeIn).filter(Boolean)).toEqual([]);
});

test('what is no PromQL is found', () => {
  expect(mistakeIn('sum by (queue (rate(selvage_runs_total[5m]))')).toContain('(queue  <here> (rate');
  expect(mistakeIn('histogram_quantil(0.95, a)')).toBeDefined();
});
