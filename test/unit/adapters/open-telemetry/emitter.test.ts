import { isDeepStrictEqual } from 'node:util';
import { SpanStatusCode } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { z } from 'zod';
import {
  emitter,
  knot,
  map,
  openTelemetryEmitter,
  runLocally,
  tapestry,
  type AnyTapestry,
  type Emitter,
  type OpenTelemetryEmitterOptions,
  type RunEvent,
} from '../../../../src';
import { createOpenTelemetryEmitter } from '../../../../src/adapters/open-telemetry/emitter';
import { createInMemoryBackends } from '../../../../src/backends';
import { Deliveries } from '../../../../src/deliveries';
import { sampleRun } from '../../../../src/testing/sample-records';
import { deliveryContext, eventsOfRun } from '../../../support/delivered-run';
import { Latch } from '../../../support/latch';
import { refusal } from '../../../support/refusal';
import { thrownBy } from '../../../support/thrown-by';
import { startTracing, type Tracing } from '../../../support/tracing';
import { until } from '../../../support/until';

let tracing: Tracing | undefined;
afterEach(async () => {
  await tracing?.stop();
  tracing = undefined;
});

const add = knot('add', ({ a, b }: { a: number; b: number }) => a + b);
const twice = tapestry('twice', (t) => {
  const x = t.parameter('x', z.number());
  const sum = add({ a: x, b: 1 }, { id: 'sum' });
  return { last: add({ a: sum, b: 2 }, { id: 'last' }) };
});

const warnings: string[] = [];
const logger = {
  debug: () => {},
  info: () => {},
  error: () => {},
  warn: (message: string | object) => void warnings.push(message as string),
};
beforeEach(() => void (warnings.length = 0));

async function emitterOf(options?: OpenTelemetryEmitterOptions): Promise<Emitter> {
  return await createOpenTelemetryEmitter(openTelemetryEmitter(options), { logger });
}

const backends = createInMemoryBackends();

async function runOf(what: AnyTapestry, parameters: object = {}, runId?: string): Promise<RunEvent[]> {
  const run = await runLocally(what as never, parameters, { backends, ...(runId && { runId }) });
  return await eventsOfRun(backends, run.runId);
}

async function spansOf(events: RunEvent[], options?: OpenTelemetryEmitterOptions): Promise<ReadableSpan[]> {
  const emitter = await emitterOf(options);
  await emitter.deliver(events, deliveryContext());
  return tracing!.spans();
}

const named = (spans: ReadableSpan[], name: string): ReadableSpan[] =>
  spans.filter((span) => span.name === name);
const milliseconds = ([seconds, nanoseconds]: readonly [number, number]): number =>
  seconds * 1_000 + Math.round(nanoseconds / 1e6);

test('a run is one trace: its span, and below it one for each knot, with the times of the records', async () => {
  tracing = startTracing();
  const events = await runOf(twice, { x: 1 });
  const spans = await spansOf(events);
  expect(spans.map(({ name }) => name).sort()).toEqual(['last', 'sum', 'twice']);
  expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
  const [root] = named(spans, 'twice');
  expect(root!.parentSpanContext).toBeUndefined();
  for (const span of [...named(spans, 'sum'), ...named(spans, 'last')])
    expect(span.parentSpanContext?.spanId).toBe(root!.spanContext().spanId);
  const sum = events.find((event) => event.type === 'knot-finished' && event.record.knot_id === 'sum');
  const { record, run } = sum as RunEvent & { type: 'knot-finished' };
  const [span] = named(spans, 'sum');
  expect(milliseconds(span!.startTime)).toBe(record.started_at);
  expect(milliseconds(span!.endTime)).toBe(record.finished_at);
  expect(milliseconds(root!.startTime)).toBe(run.started_at);
  expect(span!.attributes).toMatchObject({
    'selvage.run.id': run.run_id,
    'selvage.tapestry': 'twice',
    'selvage.knot.id': 'sum',
    'selvage.definition': 'add',
    'selvage.outcome': 'ok',
    'selvage.attempt': 1,
    'selvage.output.hash': record.output_hash,
  });
  expect(root!.attributes).toMatchObject({ 'selvage.run.status': 'succeeded', 'selvage.knots.ok': 3 });
});

test('the same event is the same span, whoever delivers it, and is sent again when it is delivered again', async () => {
  tracing = startTracing();
  const events = await runOf(twice, { x: 2 });
  const emitter = await emitterOf();
  await emitter.deliver(events, deliveryContext());
  const once = tracing.spans().map((span) => span.spanContext().spanId);
  expect(once).toHaveLength(3);
  await emitter.deliver(events, deliveryContext());
  expect(tracing.spans()).toHaveLength(6);
  const another = await emitterOf();
  await another.deliver(events, deliveryContext());
  const both = tracing.spans().map((span) => span.spanContext().spanId);
  expect(both).toHaveLength(9);
  expect(new Set(both)).toEqual(new Set(once));
});

test('a failed knot has the status, the exception and its type', async () => {
  tracing = startTracing();
  const fail = knot('fail', (): number => {
    throw new TypeError('no such thing');
  });
  const spans = await spansOf(await runOf(tapestry('failing', () => void fail({}, { id: 'it' }))));
  const [span] = named(spans, 'it');
  expect(span!.status).toMatchObject({ code: SpanStatusCode.ERROR, message: 'TypeError: no such thing' });
  expect(span!.attributes['error.type']).toBe('TypeError');
  const [event] = span!.events;
  expect(event!.name).toBe('exception');
  expect(event!.attributes).toMatchObject({
    'exception.type': 'TypeError',
    'exception.message': 'no such thing',
  });
  expect(String(event!.attributes!['exception.stacktrace'])).toContain('emitter.test');
  expect(named(spans, 'failing')[0]!.status.code).toBe(SpanStatusCode.ERROR);
});

test('a knot that was retried has a span as a whole, and one for each attempt below', async () => {
  tracing = startTracing();
  let calls = 0;
  const flaky = knot('flaky', { retry: { maximumAttempts: 3, initialInterval: 1 } }, () => {
    calls += 1;
    if (calls < 3) throw new RangeError(`attempt ${calls}`);
    return calls;
  });
  const spans = named(
    await spansOf(await runOf(tapestry('retried', () => void flaky({}, { id: 'it' })))),
    'it',
  );
  const [whole, ...attempts] = spans;
  expect(attempts).toHaveLength(3);
  for (const attempt of attempts) expect(attempt.parentSpanContext?.spanId).toBe(whole!.spanContext().spanId);
  expect(attempts.map(({ status }) => status.message)).toEqual([
    'RangeError: attempt 1',
    'RangeError: attempt 2',
    undefined,
  ]);
  expect(attempts.map(({ attributes }) => attributes['selvage.attempt'])).toEqual([1, 2, 3]);
  expect(whole!.events.filter(({ name }) => name === 'selvage.retry')).toHaveLength(2);
  expect(whole!.status.code).toBe(SpanStatusCode.UNSET);
});

test('a reused value is told, with what it saved', async () => {
  tracing = startTracing();
  const cached = knot('cached', { version: '1', cache: true }, () => 7);
  const saving = tapestry('saving', () => void cached({}, { id: 'it' }));
  await runOf(saving, {}, 'saving-1');
  const [span] = named(await spansOf(await runOf(saving, {}, 'saving-2')), 'it');
  expect(span!.attributes['selvage.reused_from']).toBe('saving-1');
  expect(span!.events[0]).toMatchObject({ name: 'selvage.reuse', attributes: { 'selvage.made_by': 'it' } });
});

test('of a map, the first elements and as many failed ones have spans; its own counts all', async () => {
  const many = tapestry('many', (t) => {
    const list = t.parameter('list', z.array(z.number()));
    const each = ({ element }: { element: number }): number => {
      if (element >= 20) throw new Error(`no ${element}`);
      return element;
    };
    return { all: map({ over: list, each, onError: 'skip' }, { id: 'all' }) };
  });
  const list = Array.from({ length: 30 }, (_, at) => at);
  const events = await runOf(many, { list });
  tracing = startTracing();
  const spans = named(await spansOf(events, { elementsPerMap: 3 }), 'all');
  const [whole] = spans.filter(({ attributes }) => attributes['selvage.elements.count'] !== undefined);
  expect(whole!.attributes).toMatchObject({ 'selvage.elements.count': 30, 'selvage.elements.failed': 10 });
  const elements = spans.filter((span) => span !== whole);
  const succeeded = elements.filter(({ status }) => status.code !== SpanStatusCode.ERROR);
  expect(succeeded.map(({ attributes }) => attributes['selvage.knot.id']).sort()).toEqual([
    'all[0]',
    'all[1]',
    'all[2]',
  ]);
  expect(elements).toHaveLength(6);
  for (const element of elements) expect(element.parentSpanContext?.spanId).toBe(whole!.spanContext().spanId);
});

test('a knot that begins over an hour after its run is a trace of its own, linked to the run', async () => {
  tracing = startTracing();
  const late = (await runOf(twice, { x: 3 })).map((event) =>
    event.type === 'knot-finished' && event.record.knot_id === 'last'
      ? { ...event, record: shifted(event.record, 3_600_001) }
      : event,
  );
  const spans = await spansOf(late);
  const [root, sum, last] = ['twice', 'sum', 'last'].map((name) => named(spans, name)[0]!);
  expect(sum!.spanContext().traceId).toBe(root!.spanContext().traceId);
  expect(last!.spanContext().traceId).not.toBe(root!.spanContext().traceId);
  expect(last!.parentSpanContext).toBeUndefined();
  expect(last!.links.map(({ context }) => context.spanId)).toEqual([root!.spanContext().spanId]);
});

test('mode: all knots linked, or none', async () => {
  const events = await runOf(twice, { x: 4 });
  tracing = startTracing();
  const linked = await spansOf(events, { mode: 'linked' });
  expect(new Set(linked.map((span) => span.spanContext().traceId)).size).toBe(3);
});

test('a run that was started within a span is below it', async () => {
  tracing = startTracing();
  const traceparent = '00-11111111111111111111111111111111-2222222222222222-01';
  const events = (await runOf(twice, { x: 5 })).map((event) => ({
    ...event,
    run: { ...event.run, details: { ...event.run.details, traceparent } },
  }));
  const spans = await spansOf(events);
  expect(new Set(spans.map((span) => span.spanContext().traceId))).toEqual(new Set(['1'.repeat(32)]));
  expect(named(spans, 'twice')[0]!.parentSpanContext?.spanId).toBe('2'.repeat(16));
});

test('the sampler of the SDK decides about a trace as a whole', async () => {
  tracing = startTracing({ sampler: new ParentBasedSampler({ root: new AlwaysOffSampler() }) });
  expect(await spansOf(await runOf(twice, { x: 6 }))).toEqual([]);
});

test('without our generator all spans are in one trace nevertheless, and a warning says what is missing', async () => {
  tracing = startTracing({ hasGenerator: false });
  const spans = await spansOf(await runOf(twice, { x: 7 }));
  expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
  expect(warnings).toEqual([expect.stringContaining('selvageIdGenerator()')]);
});

test('what an exporter does not take is delivered again', async () => {
  const kept = new InMemorySpanExporter();
  let refuses = true;
  const exporter: SpanExporter = {
    export: (spans, done) =>
      refuses ? done({ code: 1, error: new Error('the collector is away') }) : kept.export(spans, done),
    shutdown: () => kept.shutdown(),
  };
  tracing = startTracing({ exporter });
  const events = await runOf(twice, { x: 8 });
  const emitter = await emitterOf();
  await expect(emitter.deliver(events, deliveryContext())).rejects.toThrow('the collector is away');
  refuses = false;
  await emitter.deliver(events, deliveryContext());
  expect(kept.getFinishedSpans()).toHaveLength(3);
});

test('without an SDK nothing is lost: the delivery fails and says what to start', async () => {
  const events = await runOf(twice, { x: 9 });
  const emitter = await emitterOf();
  await expect(emitter.deliver(events, deliveryContext())).rejects.toMatchObject({
    code: 'InvalidConfig',
    message: expect.stringContaining('no OpenTelemetry SDK is started') as string,
  });
});

test('metrics: durations, outcomes, reuse', async () => {
  tracing = startTracing();
  const cached = knot('cached', { version: '2', cache: true }, () => 7);
  const saving = tapestry('metered', () => void cached({}, { id: 'it' }));
  const emitter = await emitterOf();
  await emitter.deliver(await runOf(saving), deliveryContext());
  await emitter.deliver(await runOf(saving), deliveryContext());
  const points = await tracing.points();
  const about = { 'selvage.tapestry': 'metered', 'selvage.knot': 'it', 'selvage.definition': 'cached' };
  expect(points.get('selvage.knot.outcomes')).toEqual([
    expect.objectContaining({
      attributes: { ...about, 'selvage.outcome': 'ok', 'selvage.reused': false },
      value: 1,
    }),
    expect.objectContaining({
      attributes: { ...about, 'selvage.outcome': 'ok', 'selvage.reused': true },
      value: 1,
    }),
  ]);
  expect(points.get('selvage.knot.duration')).toMatchObject([{ value: { count: 1 } }]);
  expect(points.get('selvage.run.duration')).toMatchObject([
    { attributes: { 'selvage.tapestry': 'metered', 'selvage.run.status': 'succeeded' }, value: { count: 2 } },
  ]);
});

test('options are checked', () => {
  const wrong = (options: object) => thrownBy(() => openTelemetryEmitter(options));
  expect(wrong({ mode: 'sideways' })).toMatchObject(refusal('InvalidConfig', '"mode"'));
  expect(wrong({ elementsPerMap: -1 })).toMatchObject(refusal('InvalidConfig', '"elementsPerMap"'));
});

function shifted<T extends { scheduled_at: number; started_at: number; finished_at: number }>(
  record: T,
  by: number,
): T {
  return {
    ...record,
    scheduled_at: record.scheduled_at + by,
    started_at: record.started_at + by,
    finished_at: record.finished_at + by,
  };
}

test('the lag of emitters is a metric of the process that delivers to them', async () => {
  tracing = startTracing();
  const { runHistory, ...others } = createInMemoryBackends();
  const taking = new Latch();
  const mayEnd = new Latch();
  const deliveries = await Deliveries.start({
    backends: { runHistory, ...others },
    emitters: [
      emitter('slow', async () => {
        taking.open();
        await mayEnd.passed;
      }),
      emitter('quick', async () => {}),
    ],
    logger,
    projectDir: '.',
  });
  const started_at = Date.now() - 60_000;
  await runHistory.startRun(sampleRun({ started_at }));
  await runHistory.startRun(sampleRun({ run_id: 'r2', temporal_run_id: 't-r2', started_at }));
  await taking.passed;
  const quick = { 'selvage.emitter': 'quick' };
  const slow = { 'selvage.emitter': 'slow' };
  const valueOf = async (name: string, attributes: object): Promise<number> =>
    (await tracing!.points()).get(name)!.find((point) => isDeepStrictEqual(point.attributes, attributes))!
      .value as number;
  await until('it is told', async () => (await valueOf('selvage.emitter.lag', quick)) === 0);
  expect(await valueOf('selvage.emitter.lag', slow)).toBeGreaterThan(0);
  expect(await valueOf('selvage.emitter.lag.age', slow)).toBeGreaterThanOrEqual(60);
  mayEnd.open();
  await until('it has caught up', async () => (await valueOf('selvage.emitter.lag.age', slow)) === 0);
  await deliveries.stop();
});
