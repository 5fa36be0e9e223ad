import { knot, openTelemetryEmitter, tapestry } from '../../src';
import { createOpenTelemetryEmitter } from '../../src/adapters/open-telemetry/emitter';
import { deliveryContext, eventsOfRun } from '../support/delivered-run';
import { closeAll, onClose, openSelvage, temporaryBackends } from '../support/open-selvage';
import { sentHeader } from '../support/traced-thread-bodies';
import { startTracing } from '../support/tracing';

afterEach(closeAll);

test('a run carries the settings of the worker that began it, which other emitters follow', async () => {
  const tracing = startTracing();
  onClose(tracing.stop);
  const backends = await temporaryBackends();
  const calling = tapestry('calling-linked', () => ({
    sent: knot('call', () => sentHeader())({}, { id: 'call' }),
  }));
  const emitters = [openTelemetryEmitter({ mode: 'linked', filter: { tapestries: ['none'] } })];
  const selvage = await openSelvage({ tapestries: [calling], backends, emitters });
  const run = await selvage.start(calling, {});
  const { sent } = await run.values();
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const other = await createOpenTelemetryEmitter(openTelemetryEmitter({ mode: 'nested' }), { logger });
  await other.deliver(await eventsOfRun(backends, run.runId), deliveryContext());
  const [ofRun, ofCall] = ['calling-linked', 'call'].map((name) =>
    tracing
      .spans()
      .find((span) => span.name === name)!
      .spanContext(),
  );
  expect(sent).toBe(`00-${ofCall!.traceId}-${ofCall!.spanId}-01`);
  expect(ofCall!.traceId).not.toBe(ofRun!.traceId);
});
