import { Registry } from 'prom-client';
import type { RunRecord } from '../../../src/ports';
import { createMetrics } from '../../../src/serve/metrics';

test('each trigger is counted apart, in the text of Prometheus', async () => {
  const metrics = await createMetrics();
  const orders = metrics.of('kafka:orders');
  orders.count('started');
  orders.count('started', 2);
  orders.count('duplicate', 4);
  orders.count('dead-letter');
  orders.count('gap');
  orders.lag('orders/0', 7);
  orders.latency(0.02);
  orders.restarted();
  metrics.of('webhook:github').count('refused');
  const { text, contentType } = (await metrics.read())!;
  expect(contentType).toMatch(/^text\/plain/);
  for (const line of [
    'selvage_trigger_events_total{trigger="kafka:orders",result="started"} 3',
    'selvage_trigger_events_total{trigger="kafka:orders",result="duplicate"} 4',
    'selvage_trigger_events_total{trigger="webhook:github",result="refused"} 1',
    'selvage_trigger_dead_letters_total{trigger="kafka:orders"} 1',
    'selvage_trigger_gaps_total{trigger="kafka:orders"} 1',
    'selvage_trigger_lag_events{trigger="kafka:orders",of="orders/0"} 7',
    'selvage_trigger_start_seconds_count{trigger="kafka:orders"} 1',
    'selvage_trigger_restarts_total{trigger="kafka:orders"} 1',
    // What has not happened yet is 0, so that its first time is an increase.
    'selvage_trigger_events_total{trigger="kafka:orders",result="lost"} 0',
    'selvage_trigger_restarts_total{trigger="webhook:github"} 0',
    'selvage_trigger_dead_letters_total{trigger="webhook:github"} 0',
    'selvage_trigger_gaps_total{trigger="webhook:github"} 0',
  ])
    expect(text.split('\n')).toContain(line);
  expect(text).toContain('process_cpu_seconds_total');
});

test('several in one process count apart, and a registry of the process gets no metrics of the process from here', async () => {
  const registry = new Registry();
  const [own, given] = [await createMetrics(), await createMetrics(registry)];
  given.of('kafka:a').count('started');
  expect((await own.read())!.text).not.toContain('kafka:a');
  expect(await registry.metrics()).toContain('kafka:a');
  expect(await registry.metrics()).not.toContain('process_cpu_seconds_total');
});

test('two that share a registry share its counters', async () => {
  const registry = new Registry();
  const both = [await createMetrics(registry), await createMetrics(registry)];
  for (const metrics of both) metrics.of('kafka:a').count('started');
  expect(await registry.metrics()).toContain(
    'selvage_trigger_events_total{trigger="kafka:a",result="started"} 2',
  );
});

test('what a worker can count is 0 from its start, and another worker of the process takes nothing away', async () => {
  const { work, read } = await createMetrics();
  const has = { tapestryNames: ['orders', 'returns'], activityTypes: ['load'] };
  const run = { tapestry: 'orders', status: 'failed', started_at: 0, finished_at: 1 } as RunRecord;
  const count = async (): Promise<string[]> =>
    (await read())!.text.split('\n').filter((line) => /^selvage_(run|knot)_(?!.*_(bucket|sum)\{)/.test(line));
  work!.workerBegins(has);
  const runs = (tapestry: string, status: string, value: number): string =>
    `selvage_run_duration_seconds_count{selvage_tapestry="${tapestry}",selvage_run_status="${status}"} ${value}`;
  const none = has.tapestryNames.flatMap((tapestry) =>
    ['succeeded', 'failed', 'cancelled'].map((status) => runs(tapestry, status, 0)),
  );
  const load = 'selvage_definition="load"';
  const knots = [
    `selvage_knot_duration_seconds_count{${load},selvage_outcome="ok"} 0`,
    `selvage_knot_duration_seconds_count{${load},selvage_outcome="err"} 0`,
    `selvage_knot_outcomes_total{${load},selvage_outcome="ok",selvage_reused="false"} 0`,
    `selvage_knot_outcomes_total{${load},selvage_outcome="err",selvage_reused="false"} 0`,
    `selvage_knot_failed_attempts_total{${load},error_type="WorkerLost"} 0`,
  ];
  expect((await count()).sort()).toEqual([...none, ...knots].sort());
  work!.runEnded(run);
  work!.workerBegins(has);
  expect(await count()).toContain(runs('orders', 'failed', 1));
});

test('of a label, 200 values are counted apart, and whatever else comes counts as `other`', async () => {
  const metrics = await createMetrics();
  for (let number = 1; number <= 250; number++) metrics.work!.refused(`Code${number}`);
  metrics.work!.refused('Code1');
  const counted = (await metrics.read())!.text
    .split('\n')
    .filter((line) => line.startsWith('selvage_refusals_total{'));
  expect(counted).toHaveLength(201);
  expect(counted).toContain('selvage_refusals_total{selvage_reason="Code1"} 2');
  expect(counted).toContain('selvage_refusals_total{selvage_reason="Code200"} 1');
  expect(counted).toContain('selvage_refusals_total{selvage_reason="other"} 50');
});
