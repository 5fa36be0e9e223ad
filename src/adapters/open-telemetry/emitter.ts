import { LRUCache } from 'lru-cache';
import type { TracerProvider } from '@opentelemetry/api';
import type { Logger } from '../../authoring/knot-context';
import type { DeliveryContext, Emitter, RunEvent } from '../../emitters';
import type { OpenTelemetryEmitterDeclaration, TraceSettings } from '../../emitters/open-telemetry';
import { SelvageError } from '../../errors';
import { RunMetrics } from '../../metrics';
import type { RunRecord } from '../../ports';
import { VERSION } from '../../version';
import { loadApi, type Api } from './api';
import { SpanMaker } from './span-maker';
import { hasSpan, spanOfRun, spansOfKnot } from './spans-of-events';
import { TraceOfRun, elementOf } from './trace-of-run';

/** SDKs drop spans that exceed their queue, by default 2,048. */
const SPANS_PER_FLUSH = 500;
const REMEMBERED = 20_000;
const REMEMBERED_MAPS = 1_000;

interface Flushing {
  forceFlush?(): Promise<void>;
}

/** Throws `MissingPackage`. */
export async function createOpenTelemetryEmitter(
  { name, options }: OpenTelemetryEmitterDeclaration,
  { logger }: { readonly logger: Logger },
): Promise<Emitter> {
  return new OpenTelemetryEmitter(name, options, loadApi(), logger);
}

/**
 * E1  A delivery resolves when the SDK has exported its spans.
 * E2  Span ids follow from records, so that a repeated delivery, as by a replay, makes the same span.
 * E3  Metrics have no ids: a process counts an event once, however often it is delivered.
 */
class OpenTelemetryEmitter implements Emitter {
  private readonly counted = new LRUCache<string, true>({ max: REMEMBERED });
  /** By map of a run: the elements with a span, besides those that always have a span. */
  private readonly shown = new LRUCache<string, Set<string>>({ max: REMEMBERED_MAPS });
  private last: { readonly run: RunRecord; readonly trace: TraceOfRun } | undefined;
  private maker: SpanMaker | undefined;
  private metrics: RunMetrics | undefined;

  constructor(
    private readonly name: string,
    private readonly settings: TraceSettings,
    private readonly api: Api,
    private readonly logger: Logger,
  ) {}

  async deliver(events: readonly RunEvent[], { signal }: DeliveryContext): Promise<void> {
    const { maker, provider } = this.sdk();
    let spans = 0;
    for (const event of events) {
      spans += maker ? this.tell(event, maker) : 0;
      if (spans < SPANS_PER_FLUSH) continue;
      await flush(provider);
      signal.throwIfAborted();
      spans = 0;
    }
    await flush(provider);
    for (const event of events) {
      if (this.counted.has(event.id)) continue;
      if (event.type === 'knot-finished') this.metrics?.countKnot(event.record, event.run.tapestry);
      else if (event.type === 'run-ended') this.metrics?.countRun(event.run);
      this.counted.set(event.id, true);
    }
  }

  /** The SDK is looked up at the first delivery, because it may be started after the emitter. */
  private sdk(): { readonly maker: SpanMaker | undefined; readonly provider: Flushing } {
    const { metrics, trace } = this.api;
    const proxy = trace.getTracerProvider() as TracerProvider & { getDelegate?(): TracerProvider };
    const provider = proxy.getDelegate?.() ?? proxy;
    const meters = metrics.getMeterProvider();
    const hasTraces = !isNoop(provider);
    if (!hasTraces && isNoop(meters)) throw noSdk(this.name);
    this.metrics ??= isNoop(meters) ? undefined : new RunMetrics(meters.getMeter('selvage', VERSION), true);
    if (hasTraces && !this.maker) {
      this.maker = new SpanMaker(this.api, trace.getTracer('selvage', VERSION));
      if (!this.maker.choosesIds)
        this.logger.warn(
          `Emitter "${this.name}": the tracer provider of this process makes random span ids, so a delivery that is repeated after a crash shows ` +
            'spans twice, and the span of a run stands beside those of its knots. Give it `idGenerator: selvageIdGenerator()` of selvage/open-telemetry.',
        );
    }
    return { maker: this.maker, provider: provider as Flushing };
  }

  /** Makes the spans and metrics of an event, and returns the number of spans. */
  private tell(event: RunEvent, maker: SpanMaker): number {
    if (event.type === 'run-started') return 0;
    const trace = this.traceOf(event.run);
    if (event.type === 'run-ended') {
      maker.make(spanOfRun(event, trace));
      return 1;
    }
    if (!hasSpan(event.record) || !this.isShown(event.record, trace)) return 0;
    const spans = spansOfKnot(event, trace, maker);
    for (const span of spans) maker.make(span);
    return spans.length;
  }

  /** A run's trace is kept for the next event of the run, as computing its ids costs hashes. */
  private traceOf(run: RunRecord): TraceOfRun {
    const { last } = this;
    if (last?.run.temporal_run_id === run.temporal_run_id) return last.trace;
    const trace = new TraceOfRun(run, this.settings);
    this.last = { run, trace };
    return trace;
  }

  private isShown(
    { knot_id, outcome, temporal_run_id }: { knot_id: string; outcome: string; temporal_run_id: string },
    trace: TraceOfRun,
  ): boolean {
    const element = elementOf(knot_id);
    if (!element || trace.isShown(element)) return true;
    // An element with a key has no position, so the first ones that end are shown.
    if (outcome !== 'err' && element.position !== undefined) return false;
    const key = `${temporal_run_id}/${element.map}`;
    const shown = this.shown.get(key) ?? new Set();
    if (shown.has(knot_id)) return true;
    if (shown.size >= trace.elementsPerMap) return false;
    this.shown.set(key, shown.add(knot_id));
    return true;
  }
}

/** Only their names reveal the API's own providers, which do nothing. */
function isNoop(provider: object): boolean {
  return provider.constructor.name.startsWith('Noop');
}

async function flush(provider: Flushing): Promise<void> {
  try {
    await provider.forceFlush?.();
  } catch (error) {
    const first: unknown = Array.isArray(error) ? error[0] : error;
    throw new Error(
      `The spans could not be exported: ${first instanceof Error ? first.message : String(first)}`,
      {
        cause: first,
      },
    );
  }
}

function noSdk(emitter: string): SelvageError {
  return new SelvageError(
    'InvalidConfig',
    `The emitter "${emitter}" has nowhere to send spans and metrics: no OpenTelemetry SDK is started in this process. Start one before, as by ` +
      '`node --require ./instrumentation.js`; until then its events wait.',
    { details: { emitter, reason: 'MissingPart' } },
  );
}
