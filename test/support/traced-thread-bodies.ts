import { isMainThread } from 'node:worker_threads';
import { context, propagation } from '@opentelemetry/api';
import { knot, tapestry, threads } from '../../src';
import { startTracing } from './tracing';

/* The thread's own SDK, as `--require` of the process would start it. */
if (!isMainThread) startTracing();

/** The trace header of an instrumented HTTP client. */
export function sentHeader(): string {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers['traceparent'] ?? '';
}

const call = knot('call', (_: object, { traceparent }) => [sentHeader(), traceparent]);

export const callingInThread = tapestry(
  'calling-in-thread',
  { knots: { dispatcher: threads({ module: __filename, maxWorkers: 1 }) } },
  () => void call({}, { id: 'call' }),
);
