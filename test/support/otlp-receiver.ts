import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span in OTLP's JSON. */
export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly { key: string; value: Record<string, unknown> }[];
  readonly events?: readonly { name: string; attributes?: OtlpSpan['attributes'] }[];
  readonly status?: { code?: number; message?: string };
}

export interface OtlpReceiver {
  readonly url: string;
  spans(): readonly OtlpSpan[];
  /** Names of metrics. */
  metrics(): ReadonlySet<string>;
  close(): Promise<void>;
}

interface Scoped<T extends string, Item> {
  readonly [key: string]: readonly { readonly [scope: string]: readonly Record<T, readonly Item[]>[] }[];
}

/** A server to which a collector posts its data. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: OtlpSpan[] = [];
  const metrics = new Set<string>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const said = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Scoped<string, never>;
      for (const { scopeSpans = [] } of said['resourceSpans'] ?? [])
        for (const scope of scopeSpans) spans.push(...((scope['spans'] ?? []) as readonly OtlpSpan[]));
      for (const { scopeMetrics = [] } of said['resourceMetrics'] ?? [])
        for (const scope of scopeMetrics)
          for (const { name } of (scope['metrics'] ?? []) as readonly { name: string }[]) metrics.add(name);
      response.setHeader('content-type', 'application/json');
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => spans,
    metrics: () => metrics,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
