import { readFileSync } from 'node:fs';
import path from 'node:path';
import { compileFunction } from 'node:vm';
import { trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import ts from 'typescript';
import { selvageIdGenerator } from '../../../../src/adapters/open-telemetry';
import { observe } from '../../../../src/adapters/open-telemetry/emitter-lag';
import { RunMetrics } from '../../../../src/metrics';

const docs = path.join(__dirname, '../../../../docs');
const SUFFIXES = /_(bucket|sum|count|total)$/;

/** Names of all instruments, as Prometheus has them. */
function names(): Set<string> {
  const made: [name: string, unit: string | undefined][] = [];
  const instrument = (name: string, { unit }: { unit?: string }) => {
    made.push([name, unit]);
    return {} as never;
  };
  new RunMetrics({ createHistogram: instrument, createCounter: instrument }, true);
  observe(
    { createObservableGauge: instrument, addBatchObservableCallback: () => {} } as never,
    async () => [],
  );
  return new Set(made.map(([name, unit]) => `${name.replaceAll('.', '_')}${unit === 's' ? '_seconds' : ''}`));
}

test('the SDK that the page starts names its service, which the environment may do, too', () => {
  const page = readFileSync(path.join(docs, 'open-telemetry.md'), 'utf8');
  const [, block] = /^```ts\n(import (?:(?!^```).)*NodeTracerProvider\(.*?)^```/ms.exec(page)!;
  const { outputText } = ts.transpileModule(block!, { compilerOptions: { module: ts.ModuleKind.CommonJS } });
  const serviceOf = (): unknown => {
    trace.disable();
    compileFunction(outputText, ['require', 'exports'])(
      (name: string): unknown =>
        name === 'selvage/open-telemetry' ? { selvageIdGenerator } : jest.requireActual(name),
      {},
    );
    const span = trace.getTracer('test').startSpan('any') as unknown as ReadableSpan;
    return span.resource.attributes['service.name'];
  };
  expect(serviceOf()).toBe('shop-worker');
  process.env['OTEL_SERVICE_NAME'] = 'billing';
  expect(serviceOf()).toBe('billing');
  delete process.env['OTEL_SERVICE_NAME'];
  trace.disable();
});

test.each(['grafana-dashboard.json', 'open-telemetry.md'])('the metrics in %s are there', (file) => {
  const text = readFileSync(path.join(docs, file), 'utf8');
  const used = new Set(
    [
      ...text.matchAll(
        /selvage_(?:knot|run|reuse)_[a-z_]*(?:seconds|outcomes|attempts)[a-z_]*|selvage_emitter_lag(?!_seconds)[a-z_]*/g,
      ),
    ].map(([name]) => name.replace(SUFFIXES, '')),
  );
  expect(used.size).toBeGreaterThan(2);
  expect([...used].filter((name) => !names().has(name))).toEqual([]);
});
