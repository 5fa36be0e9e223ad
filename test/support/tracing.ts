import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { selvageIdGenerator } from '../../src/adapters/open-telemetry';

export interface Tracing {
  spans(): ReadableSpan[];
  /** Data points by the metric's name. */
  points(): Promise<Map<string, { attributes: Record<string, unknown>; value: unknown }[]>>;
  provider: BasicTracerProvider;
  stop(): Promise<void>;
}

/** An OpenTelemetry SDK as users start it, with exporters that keep their data. */
export function startTracing({
  idGenerator = selvageIdGenerator(),
  sampler,
  exporter = new InMemorySpanExporter(),
  hasGenerator = true,
}: {
  idGenerator?: ReturnType<typeof selvageIdGenerator>;
  sampler?: Sampler;
  exporter?: SpanExporter;
  hasGenerator?: boolean;
} = {}): Tracing {
  const provider = new BasicTracerProvider({
    ...(hasGenerator && { idGenerator }),
    ...(sampler && { sampler }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  const kept = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: kept, exportIntervalMillis: 3_600_000 });
  const meters = new MeterProvider({ readers: [reader] });
  trace.setGlobalTracerProvider(provider);
  metrics.setGlobalMeterProvider(meters);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  return {
    provider,
    spans: () => (exporter as InMemorySpanExporter).getFinishedSpans(),
    points: async () => {
      kept.reset();
      await reader.forceFlush();
      const found = kept.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
      return new Map(
        found
          .flatMap((scope) => scope.metrics)
          .map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints as never[]]),
      );
    },
    stop: async () => {
      trace.disable();
      metrics.disable();
      context.disable();
      propagation.disable();
      await provider.shutdown();
      await meters.shutdown();
    },
  };
}
