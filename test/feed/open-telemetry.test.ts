import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { trace } from '@opentelemetry/api';
import type { Selvage } from '../../src/client';
import { beganFile, goFile, patient } from '../crash/tapestries';
import { WorkerProcess } from '../crash/worker-process';
import { closeAll, connectSelvage, onClose, temporaryFolder } from '../support/open-selvage';
import { startOtlpReceiver, type OtlpReceiver, type OtlpSpan } from '../support/otlp-receiver';
import { openProjectBackends } from '../support/project-backends';
import { SHORT_HEARTBEAT_TIMEOUT } from '../support/run-limits';
import { describeWithPrivate, startPrivateCollector } from '../support/services';
import { startTracing } from '../support/tracing';
import { until } from '../support/until';
import { outer } from './traced-tapestries';

const number = (span: OtlpSpan, name: string): number =>
  Number(span.attributes?.find(({ key }) => key === name)?.value['intValue']);
const text = (span: OtlpSpan, name: string): unknown =>
  span.attributes?.find(({ key }) => key === name)?.value['stringValue'];

describeWithPrivate('otelcol')('with a collector', () => {
  let receiver: OtlpReceiver;
  let collector: string;
  const ends: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    ends.push(receiver.close);
    const service = await startPrivateCollector({ settings: { forward: receiver.url } });
    ends.push(service.stop);
    collector = service.address;
  });
  afterEach(closeAll);
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });

  interface Scene {
    readonly folder: string;
    readonly selvage: Selvage;
    startWorker(identity: string): Promise<WorkerProcess>;
  }

  async function setUp(): Promise<Scene> {
    const folder = await temporaryFolder();
    const backends = await openProjectBackends(folder);
    onClose(() => backends.close());
    const selvage = await connectSelvage({ backends, runLimits: SHORT_HEARTBEAT_TIMEOUT });
    const { address } = selvage.location;
    return {
      folder,
      selvage,
      async startWorker(identity) {
        const orders = {
          address,
          taskQueue: selvage.taskQueue!,
          projectDir: folder,
          identity,
          collector: `${collector}/v1/traces`,
        };
        const worker = await WorkerProcess.start(orders, path.join(__dirname, 'traced-worker.process.ts'));
        onClose(async () => void (await worker.kill()));
        return worker;
      },
    };
  }

  /** The spans of a run's trace, once its own has come, and those of its knots. */
  async function spansOf(runId: string, count: number): Promise<OtlpSpan[]> {
    const isOfRun = (span: OtlpSpan): boolean =>
      text(span, 'selvage.run.id') === runId && text(span, 'selvage.run.status') !== undefined;
    const { traceId } = await until('the span of the run', () => receiver.spans().find(isOfRun));
    const ofTrace = (): OtlpSpan[] => receiver.spans().filter((span) => span.traceId === traceId);
    await until(`${count} spans of the run`, () => ofTrace().length >= count);
    return ofTrace();
  }

  test('a run that a request started, its knots, the run that one starts and what bodies call are one trace', async () => {
    const tracing = startTracing();
    onClose(tracing.stop);
    const { selvage, startWorker } = await setUp();
    await startWorker('only');
    const headers: unknown[] = [];
    const server = createServer(({ headers: sent }, response) => {
      headers.push(sent['traceparent']);
      response.end('ok');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onClose(() => new Promise((resolve) => server.close(() => resolve())));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { runId, request } = await trace.getTracer('server').startActiveSpan('POST', async (span) => {
      const run = await selvage.start(outer, { url });
      await run.result();
      span.end();
      return { runId: run.runId, request: span.spanContext() };
    });
    const spans = await spansOf(runId, 5);
    const nameOf = (id: string | undefined): string | undefined =>
      id === request.spanId ? 'POST' : spans.find(({ spanId }) => spanId === id)?.name;
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([request.traceId]));
    expect(Object.fromEntries(spans.map((span) => [span.name, nameOf(span.parentSpanId)]))).toEqual({
      outer: 'POST',
      nested: 'outer',
      inner: 'nested',
      called: 'inner',
      GET: 'called',
    });
    const get = spans.find(({ name }) => name === 'GET')!;
    expect(headers).toEqual([`00-${request.traceId}-${get.spanId}-01`]);
  });

  test('a run whose worker was killed, which delivered too, is one trace, with the attempt that was lost', async () => {
    const { folder, selvage, startWorker } = await setUp();
    const first = await startWorker('first');
    const run = await selvage.start(patient, { root: folder });
    await until('the first attempt has begun', () => existsSync(beganFile(folder, 'waiting', 1)));
    await until('the other knot is recorded', async () => (await run.outcomes())['before']?.kind === 'ok');
    await first.kill();
    await startWorker('second');
    await until('the second attempt has begun', () => existsSync(beganFile(folder, 'waiting', 2)));
    writeFileSync(goFile(folder, 'waiting', 2), '');
    await run.result();
    const spans = await spansOf(run.runId, 6);
    if (process.env['SELVAGE_TEST_SHOW']) process.stderr.write(`${JSON.stringify(spans, null, 1)}\n`);
    const root = spans.find(({ name }) => name === patient.name)!;
    const [whole, lost, counted] = spans.filter(({ name }) => name === 'waiting');
    expect(whole).toMatchObject({ parentSpanId: root.spanId });
    expect(whole!.events!.map(({ name }) => name)).toContain('selvage.heartbeat_gap');
    expect([lost, counted].map((span) => number(span!, 'selvage.attempt'))).toEqual([1, 2]);
    expect(text(counted!, 'selvage.worker')).toBe('second');
    expect(lost!.status).toMatchObject({ code: 2 });
    for (const span of [lost, counted]) expect(span!.parentSpanId).toBe(whole!.spanId);
    // What both have delivered is the same span.
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(6);
  });
});
