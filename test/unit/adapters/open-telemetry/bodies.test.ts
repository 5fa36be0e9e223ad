import { trace } from '@opentelemetry/api';
import { z } from 'zod';
import {
  knot,
  map,
  openTelemetryEmitter,
  runLocally,
  subTapestry,
  tapestry,
  type OpenTelemetryEmitterOptions,
} from '../../../../src';
import { createOpenTelemetryEmitter } from '../../../../src/adapters/open-telemetry/emitter';
import { createInMemoryBackends } from '../../../../src/backends';
import { deliveryContext, eventsOfRun } from '../../../support/delivered-run';
import { inPython, whyNoPython } from '../../../support/python-bodies';
import { callingInThread, sentHeader } from '../../../support/traced-thread-bodies';
import { startTracing, type Tracing } from '../../../support/tracing';

let tracing: Tracing | undefined;
afterEach(async () => {
  await tracing?.stop();
  tracing = undefined;
});

const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

type InMemory = ReturnType<typeof createInMemoryBackends>;

async function told(backends: InMemory, ...runIds: string[]): Promise<void> {
  await toldBy({}, backends, ...runIds);
}

async function toldBy(
  options: OpenTelemetryEmitterOptions,
  backends: InMemory,
  ...runIds: string[]
): Promise<void> {
  const emitter = await createOpenTelemetryEmitter(openTelemetryEmitter(options), { logger });
  for (const id of runIds) await emitter.deliver(await eventsOfRun(backends, id), deliveryContext());
}

/** The `traceparent` that a request would have which was sent within the span of a knot. */
function spanOf(name: string): string {
  const span = tracing!.spans().find(({ attributes }) => attributes['selvage.knot.id'] === name);
  const { traceId, spanId } = span!.spanContext();
  return `00-${traceId}-${spanId}-01`;
}

test('a body works within the span of its attempt, which is made after it', async () => {
  tracing = startTracing();
  const backends = createInMemoryBackends();
  const calling = tapestry('calling', () => void knot('call', sentHeader)({}, { id: 'call' }));
  const run = await runLocally(calling, {}, { backends });
  await told(backends, run.runId);
  expect(run.outputs['call']).toBe(spanOf('call'));
});

test('a body in a thread works within it, too, and each may ask which it is', async () => {
  tracing = startTracing();
  const backends = createInMemoryBackends();
  const run = await runLocally(callingInThread, {}, { backends });
  await told(backends, run.runId);
  expect(run.outputs['call']).toEqual([spanOf('call'), spanOf('call')]);
});

const missing = whyNoPython();
const withPython = missing === undefined ? test : test.skip;
const because = missing === undefined ? '' : ` (SKIPPED: ${missing})`;

withPython(`a body in Python is told of it${because}`, async () => {
  tracing = startTracing();
  const backends = createInMemoryBackends();
  const calling = tapestry('calling-python', () => void inPython.traced({}, { id: 'call' }));
  const run = await runLocally(calling, {}, { backends });
  await told(backends, run.runId);
  expect(run.outputs['call']).toBe(spanOf('call'));
});

test('the element of a map that has no span of its own works within that of its map', async () => {
  tracing = startTracing();
  const backends = createInMemoryBackends();
  const calling = tapestry('calling-many', (t) => {
    const list = t.parameter('list', z.array(z.number()));
    map({ over: list, each: () => sentHeader() }, { id: 'all' });
  });
  const run = await runLocally(calling, { list: Array.from({ length: 22 }, (_, at) => at) }, { backends });
  await told(backends, run.runId);
  const said = run.outputs['all'] as string[];
  expect(said[0]).toBe(spanOf('all[0]'));
  expect(said.slice(19)).toEqual([spanOf('all[19]'), spanOf('all'), spanOf('all')]);
});

const callingElements = tapestry('calling-elements', (t) => {
  const list = t.parameter('list', z.array(z.number()));
  map({ over: list, each: () => sentHeader() }, { id: 'all' });
});

test('the settings of the process in which a run began count, whatever those of the emitter that delivers', async () => {
  tracing = startTracing();
  const backends = createInMemoryBackends();
  const run = await runLocally(callingElements, { list: [1, 2] }, { backends });
  await toldBy({ mode: 'linked', elementsPerMap: 1 }, backends, run.runId);
  expect(run.outputs['all']).toEqual([spanOf('all[0]'), spanOf('all[1]')]);
});

test('the settings of the emitter count if no SDK was there when the run began; bodies work within its span then', async () => {
  const backends = createInMemoryBackends();
  const starting = tapestry('starting', () => {
    const started = knot('start-sdk', () => {
      tracing = startTracing();
      return 1;
    })({}, { id: 'started' });
    const call = knot('call-after', (_: { after: number }) => sentHeader());
    return { call: call({ after: started }, { id: 'call' }) };
  });
  const run = await runLocally(starting, {}, { backends });
  await toldBy({ mode: 'linked' }, backends, run.runId);
  const spans = tracing!.spans();
  const { traceId, spanId } = spans.find(({ name }) => name === 'starting')!.spanContext();
  expect(run.outputs['call']).toBe(`00-${traceId}-${spanId}-01`);
  expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(3);
});

test('a run that is started within a span, and one that a knot starts, are below it', async () => {
  tracing = startTracing();
  const backends = createInMemoryBackends();
  const inner = tapestry('inner', () => ({ said: knot('say', sentHeader)({}, { id: 'said' }) }));
  const outer = tapestry('outer', () => void subTapestry({ tapestry: inner, inputs: {} }, { id: 'nested' }));
  const { run, span } = await trace.getTracer('test').startActiveSpan('request', async (active) => {
    const run = await runLocally(outer, {}, { backends });
    active.end();
    return { run, span: active.spanContext() };
  });
  const { items } = await backends.runHistory.listRuns({ tapestry: 'inner' });
  await told(backends, run.runId, items[0]!.run_id);
  const spans = tracing.spans();
  const parentOf = (name: string): string | undefined =>
    spans.find((one) => one.name === name)?.parentSpanContext?.spanId;
  const idOf = (name: string): string | undefined =>
    spans.find((one) => one.name === name)?.spanContext().spanId;
  expect(new Set(spans.map((one) => one.spanContext().traceId))).toEqual(new Set([span.traceId]));
  expect(parentOf('outer')).toBe(span.spanId);
  expect(parentOf('nested')).toBe(idOf('outer'));
  expect(parentOf('inner')).toBe(idOf('nested'));
  expect(parentOf('said')).toBe(idOf('inner'));
});

test('a sampler that drops the trace is heard by what bodies call', async () => {
  const { AlwaysOffSampler, ParentBasedSampler } = await import('@opentelemetry/sdk-trace-base');
  tracing = startTracing({ sampler: new ParentBasedSampler({ root: new AlwaysOffSampler() }) });
  const calling = tapestry('unsampled', () => void knot('call', sentHeader)({}, { id: 'call' }));
  const run = await runLocally(calling, {}, { backends: createInMemoryBackends() });
  expect(run.outputs['call']).toMatch(/-00$/);
});

test('without an SDK nothing is active', async () => {
  const calling = tapestry('untraced', () => void knot('call', sentHeader)({}, { id: 'call' }));
  const run = await runLocally(calling, {}, { backends: createInMemoryBackends() });
  expect(run.outputs['call']).toBe('');
});
