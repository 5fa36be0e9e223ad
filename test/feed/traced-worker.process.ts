/** Program: a worker with an OpenTelemetry SDK, which also delivers, until it is killed or its parent goes. */
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { openTelemetryEmitter } from '../../src';
import { Deliveries } from '../../src/deliveries';
import { createWorker } from '../../src/worker';
import { patient } from '../crash/tapestries';
import type { WorkerOrders } from '../crash/worker-process';
import { openProjectBackends } from '../support/project-backends';
import { quietRuntime } from '../support/quiet-runtime';
import { OFTEN_BEATING } from '../support/run-limits';
import { startTracing } from '../support/tracing';

const LEASE_MS = 1_000;
const tell = (_: object, message: string): void => void process.stderr.write(`${message}\n`);
const quiet = { debug: () => {}, info: () => {}, warn: tell, error: tell };

interface TracedOrders extends WorkerOrders {
  /** Where spans are posted. */
  readonly collector: string;
}

async function work({
  address,
  taskQueue,
  projectDir,
  identity,
  codePath,
  collector,
}: TracedOrders): Promise<void> {
  startTracing({ exporter: new OTLPTraceExporter({ url: collector }) });
  registerInstrumentations({ instrumentations: [new HttpInstrumentation()] });
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- after the instrumentation, as it loads node:http
  const { inner, outer } = require('./traced-tapestries') as typeof import('./traced-tapestries');
  quietRuntime();
  const backends = await openProjectBackends(projectDir);
  const emitters = [openTelemetryEmitter()];
  await Deliveries.start({ backends, emitters, logger: quiet, projectDir, leaseTtl: LEASE_MS });
  const worker = await createWorker({
    tapestries: [patient, outer, inner],
    address,
    taskQueue,
    identity,
    backends,
    workflowBundle: { codePath },
    ...OFTEN_BEATING,
  });
  const running = worker.run();
  process.send!('running');
  await running;
}

// A test that ends early must not leave its workers behind.
process.on('disconnect', () => process.exit());
work(JSON.parse(process.argv[2]!) as TracedOrders).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
