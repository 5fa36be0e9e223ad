import { parse } from 'yaml';
import { knot, tapestry } from '../../../src';
import { serve } from '../../../src/serve';
import { readFile } from '../../support/doc-snippets';
import { closeAll, onClose, temporaryBackends, unique } from '../../support/open-selvage';
import {
  describeWithPromtool,
  firesOtherwise,
  mistakesInRules,
  type Rule,
  type SeriesOverTime,
} from '../../support/promtool';
import { sharedServerAddress } from '../../support/temporal-server';

interface Panel {
  readonly targets?: readonly { readonly expr: string }[];
  readonly panels?: readonly Panel[];
}

const queriesOf = ({ targets = [], panels = [] }: Panel): string[] => [
  ...targets.map(({ expr }) => expr),
  ...panels.flatMap(queriesOf),
];

const ALERTS = (
  parse(readFile('docs/operations/alerts.yaml')) as {
    readonly groups: readonly { readonly rules: readonly Required<Rule>[] }[];
  }
).groups.flatMap(({ rules }) => rules);

/** The alerts of the page about OpenTelemetry, by the text before each. */
const OPEN_TELEMETRY: readonly Rule[] = [
  ...readFile('docs/open-telemetry.md').matchAll(/^- \*\*(.*):\*\* `([^`]*)`/gm),
].map(([, title, expr]) => ({ alert: title!.replaceAll(/\W/g, ''), expr: expr! }));

/** What Prometheus adds to the series of a process. */
const inPod = (pod: string, series: string): string =>
  series.replace(
    /^(\w+)(?:\{(.*)\})?$/,
    (_, name: string, labels = '') => `${name}{${labels ? `${labels},` : ''}job="shop",instance="${pod}"}`,
  );

type Series = (minute: number) => number | undefined;
const FAILED = 'selvage_run_duration_seconds_count{selvage_tapestry="orders",selvage_run_status="failed"}';
const REFUSED = 'selvage_refusals_total{selvage_reason="BodyMissing"}';
const LOST = 'selvage_knot_failed_attempts_total{selvage_definition="load",error_type="WorkerLost"}';
const READY = 'selvage_ready{part="data-store"}';
const BACKLOG = 'selvage_queue_backlog_age_seconds{queue="selvage/orders",kind="activity"}';
const LAG = 'selvage_emitter_lag_age_seconds{selvage_emitter="hooks"}';
const DEAD = 'selvage_emitter_dead_letters{selvage_emitter="hooks"}';
const RESTARTS = 'selvage_trigger_restarts_total{trigger="kafka:orders"}';
const COMMITS = (le: string): string => `selvage_commit_duration_seconds_bucket{le="${le}"}`;

/** The series of a process that is scraped from one minute to another. Of most, what healthy ones say; `own` says otherwise. */
function process_(
  pod: string,
  [from, until]: readonly [number, number],
  own: Readonly<Record<string, Series>> = {},
): SeriesOverTime {
  const commits = (minute: number): number => Math.floor((minute - from) * 10);
  const series: Record<string, Series> = {
    // The scrape that sees it first is up to a quarter of a minute later.
    process_start_time_seconds: () => from * 60 - 10,
    'temporal_worker_task_slots_available{worker_type="WorkflowWorker"}': () => 40,
    'selvage_run_duration_seconds_count{selvage_tapestry="orders",selvage_run_status="succeeded"}': commits,
    [FAILED]: () => 0,
    [LOST]: () => 0,
    [READY]: () => 1,
    [BACKLOG]: () => 0,
    [LAG]: () => 1,
    [DEAD]: () => 0,
    [RESTARTS]: () => 0,
    [COMMITS('0.01')]: commits,
    [COMMITS('5')]: commits,
    [COMMITS('+Inf')]: commits,
    ...own,
  };
  return Object.fromEntries(
    Object.entries(series).map(([name, valueAt]) => [
      inPod(pod, name),
      (minute: number) => (minute >= from && minute <= until ? valueAt(minute) : undefined),
    ]),
  );
}

const ALWAYS = [-60, 1_000] as const;
const EVENT = 60;
/** Nothing, and from the event on this. */
const then =
  (value: (since: number) => number | undefined, before = 0): Series =>
  (minute) =>
    minute < EVENT ? before : value(minute - EVENT);

/** What a process says when what the alert is about happens for the first time. */
const FIRST: Readonly<Record<string, Readonly<Record<string, Series>>>> = {
  SelvageRunsFail: { [FAILED]: then(() => 1) },
  SelvageWorkWaits: { [BACKLOG]: then((since) => since * 60) },
  SelvageNotReady: { [READY]: then(() => 0, 1) },
  // A knot that waits for its code is offered every half a minute.
  SelvageRefusals: {
    [REFUSED]: (minute) => (minute < EVENT ? undefined : 1 + 2 * Math.floor(minute - EVENT)),
  },
  SelvageWorkersLost: { [LOST]: then((since) => Math.min(4, Math.floor(since))) },
  SelvageSlowCommits: {
    [COMMITS('0.01')]: (minute) => 10 * (60 + Math.min(minute, EVENT)),
  },
  SelvageEmitterBehind: { [LAG]: then((since) => since * 60, 1) },
  SelvageDeadLetters: { [DEAD]: then(() => 1) },
  SelvageTriggerRestarts: { [RESTARTS]: then((since) => Math.min(4, Math.floor(since))) },
};

describeWithPromtool()('by promtool', () => {
  test('the queries of alerts, dashboards, manifests and pages are PromQL', () => {
    const recorded = (queries: readonly string[]): Rule[] =>
      queries.map((expr, index) => ({ record: `query:${index}`, expr }));
    const dashboard = queriesOf(JSON.parse(readFile('docs/grafana-dashboard.json')) as Panel);
    expect(dashboard.length).toBeGreaterThan(5);
    expect(OPEN_TELEMETRY).toHaveLength(6);
    for (const rules of [ALERTS, OPEN_TELEMETRY, recorded(dashboard)])
      expect(mistakesInRules(rules)).toBe('');
    expect(mistakesInRules(recorded(['sum by (queue (rate(a[5m]))']))).toContain(
      'could not parse expression',
    );
  });

  const healthy = { ...process_('a', ALWAYS), ...process_('b', ALWAYS) };

  test('every alert is tried', () => {
    expect([...Object.keys(FIRST), 'SelvageNobodyWorks'].sort()).toEqual(
      ALERTS.map(({ alert }) => alert).sort(),
    );
  });

  test('nothing fires while all is well, whatever has been before', () => {
    const failedBefore = { [FAILED]: () => 7, [LOST]: () => 9, [RESTARTS]: () => 9 };
    expect(firesOtherwise(ALERTS, { ...healthy, ...process_('c', ALWAYS, failedBefore) }, [])).toBe('');
    // Prometheus begins to scrape one that has worked for long.
    const found = Object.entries(process_('d', ALWAYS, failedBefore)).map(
      ([name, valueAt]) =>
        [name, (minute: number) => (minute < EVENT ? undefined : valueAt(minute))] as const,
    );
    expect(firesOtherwise(ALERTS, { ...healthy, ...Object.fromEntries(found) }, [])).toBe('');
  });

  test.each(Object.entries(FIRST))('%s fires at the first event, and nothing else does', (alert, own) => {
    expect(firesOtherwise(ALERTS, { ...healthy, ...process_('c', ALWAYS, own) }, [alert])).toBe('');
  });

  test('a run that fails before its worker is scraped first pages, too', () => {
    const begun = process_('c', [EVENT, 1_000], { [FAILED]: () => 1 });
    expect(firesOtherwise(ALERTS, { ...healthy, ...begun }, ['SelvageRunsFail'])).toBe('');
  });

  test('SelvageNobodyWorks fires when no worker is scraped any more', () => {
    const ended = { ...process_('a', [-60, EVENT]), ...process_('b', [-60, EVENT]) };
    expect(firesOtherwise(ALERTS, ended, ['SelvageNobodyWorks'])).toBe('');
  });

  test('nothing fires during a rolling deploy', () => {
    // Twelve workers, of which one is replaced every half a minute. A new one is ready after 40 s, and some have failed runs from before.
    const workers = Array.from({ length: 12 }, (_, index) => {
      const at = EVENT + index / 2;
      // Knots of the new code that the old workers are offered, and the other way round, until the last is replaced.
      const refused: Series = (minute) =>
        minute < EVENT ? undefined : Math.floor(Math.min(minute - EVENT, 6) * 40);
      const old = process_(`old-${index}`, [-60, at + 0.5], {
        [REFUSED]: refused,
        [FAILED]: () => index,
        [BACKLOG]: then((since) => (since < 6 ? 20 : 0)),
      });
      const young = process_(`new-${index}`, [at, 1_000], {
        [REFUSED]: refused,
        [READY]: (minute) => Number(minute > at + 0.6),
        [LAG]: then((since) => (since < 7 ? 30 : 1)),
      });
      return { ...old, ...young };
    });
    expect(firesOtherwise(ALERTS, Object.assign({}, ...workers) as SeriesOverTime, [])).toBe('');
  });

  test('the alerts of the page about OpenTelemetry see a series that appears at 1', () => {
    const appears = (series: string): SeriesOverTime => ({
      [series]: (minute) => (minute < EVENT ? undefined : 1),
      [FAILED.replace('failed', 'succeeded')]: (minute) => minute,
      selvage_emitter_lag: () => 0,
    });
    expect(firesOtherwise(OPEN_TELEMETRY, appears(FAILED), ['Runsfail'])).toBe('');
    const waited =
      'selvage_knot_wait_duration_seconds_count{selvage_definition="load",selvage_reason="BackendUnavailable"}';
    expect(firesOtherwise(OPEN_TELEMETRY, appears(waited), ['Abackendisaway'])).toBe('');
  });

  afterEach(closeAll);

  test('what a worker shows before and after its first failed run makes the alert fire', async () => {
    const broken = knot('broken', (): number => {
      throw new TypeError('never');
    });
    const orders = tapestry('orders', () => ({ broken: broken({}, { id: 'broken' }) }));
    const serving = await serve({
      address: sharedServerAddress(),
      taskQueue: unique('alerts'),
      backends: await temporaryBackends(),
      logger: { debug() {}, info() {}, warn() {}, error() {} },
      triggers: [],
      tapestries: [orders],
      healthPort: 0,
    });
    onClose(() => serving.stop());
    const scrape = async (): Promise<Map<string, number>> => {
      const text = await (await fetch(`${serving.healthUrl}/metrics`)).text();
      const lines = [...text.matchAll(/^(selvage_\w+(?:\{.*\})?) (\S+)$/gm)];
      return new Map(lines.map(([, series, value]) => [series!, Number(value)]));
    };
    const before = await scrape();
    await (await serving.selvage.start(orders, {})).result();
    const after = await scrape();
    const failed = [...after.keys()].filter((series) => /status="failed"/.test(series));
    expect(failed.filter((series) => before.get(series) !== 0)).toEqual([]);
    const scraped = (end: ReadonlyMap<string, number>): SeriesOverTime =>
      Object.fromEntries(
        [...end.keys()].map((series) => [
          inPod('a', series),
          (minute: number) => (minute < EVENT ? before : end).get(series),
        ]),
      );
    const only = ALERTS.filter(({ alert }) => alert !== 'SelvageNobodyWorks');
    expect(firesOtherwise(only, scraped(after), ['SelvageRunsFail'])).toBe('');
    expect(firesOtherwise(only, scraped(before), [])).toBe('');
  });
});
