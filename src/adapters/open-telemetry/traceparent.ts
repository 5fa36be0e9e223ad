import type { SpanContext } from '@opentelemetry/api';

const FORM = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})/;

/** A span in the form of W3C Trace Context. */
export function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** Returns undefined if the text names no span. */
export function spanOf(traceparent: unknown): SpanContext | undefined {
  const [, traceId, spanId, flags] = FORM.exec(String(traceparent)) ?? [];
  if (traceId === undefined || spanId === undefined || !/[^0]/.test(traceId) || !/[^0]/.test(spanId))
    return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags!, 16), isRemote: true };
}
