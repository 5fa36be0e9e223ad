import type { RunHistory } from '../../ports';
import { TRACE_DEFAULTS, type TraceSettings } from '../../emitters/open-telemetry';
import { VERSION } from '../../version';
import { apiWithContext, type Api } from './api';
import type { SpanIds } from './ids';
import { SpanMaker } from './span-maker';
import { TraceOfRun, recordedSettings, type RecordedSettings, type RunOfTrace } from './trace-of-run';
import { spanOf, traceparentOf } from './traceparent';

const REMEMBERED_RUNS = 1_000;

/** The settings of this process's emitter; like the SDK, there is one emitter for the process. */
let settingsHere = TRACE_DEFAULTS;

export function useSettings(settings: TraceSettings): void {
  settingsHere = settings;
}

/** Settings for the details of a new run, so that all processes place its spans alike; none without an SDK. */
export function settingsOfNewRun(): { readonly spans?: RecordedSettings } {
  return apiWithContext() ? { spans: recordedSettings(settingsHere) } : {};
}

/** The active span as a `traceparent`; undefined without OpenTelemetry, or outside of spans. */
export function activeTraceparent(): string | undefined {
  const api = apiWithContext();
  const span = api?.trace.getSpanContext(api.context.active());
  return span && api?.isSpanContextValid(span) ? traceparentOf(span) : undefined;
}

/** A `traceparent` from outside; undefined if it names no span. */
export function checkedTraceparent(text: string | undefined): string | undefined {
  const span = text === undefined ? undefined : spanOf(text);
  return span && traceparentOf(span);
}

/** Runs `call` within a span of another thread; without an SDK in this thread, just runs it. */
export function withinSpan<T>(traceparent: string | undefined, call: () => Promise<T>): Promise<T> {
  const span = traceparent === undefined ? undefined : spanOf(traceparent);
  const api = span && apiWithContext();
  return api ? api.context.with(api.trace.setSpanContext(api.context.active(), span), call) : call();
}

/**
 * Calls bodies within the span that the emitter will make of their attempt, so that traces show the spans of the body
 * below it. Without an SDK in the process, the class does nothing, and loads nothing.
 */
export class BodyTraces {
  private readonly runs = new Map<string, Promise<TraceOfRun | undefined>>();
  private maker: SpanMaker | undefined;

  constructor(private readonly run: (temporalRunId: string) => Promise<RunOfTrace | undefined>) {}

  static of(runHistory: Pick<RunHistory, 'getRunByTemporalId'>): BodyTraces {
    return new BodyTraces((temporalRunId) => runHistory.getRunByTemporalId(temporalRunId));
  }

  within<T>(temporalRunId: string, knotId: string, attempt: number, call: () => Promise<T>): Promise<T> {
    const api = apiWithContext();
    return api ? this.withinSpan(api, { temporalRunId, knotId, attempt }, call) : call();
  }

  private async withinSpan<T>(
    api: Api,
    { temporalRunId, knotId, attempt }: { temporalRunId: string; knotId: string; attempt: number },
    call: () => Promise<T>,
  ): Promise<T> {
    const trace = await this.traceOf(temporalRunId);
    if (!trace) return await call();
    const ids = trace.body(knotId, attempt, Date.now());
    const { context, trace: spans } = api;
    return await context.with(spans.setSpanContext(context.active(), this.spanOf(api, trace, ids)), call);
  }

  /** The span of a knot that starts a run, as the `traceparent` of the started run. */
  async ofNested(temporalRunId: string, knotId: string): Promise<string | undefined> {
    const api = apiWithContext();
    const trace = api && (await this.traceOf(temporalRunId));
    return trace && traceparentOf(this.spanOf(api, trace, trace.nested(knotId, Date.now())));
  }

  private spanOf(api: Api, trace: TraceOfRun, ids: SpanIds): ReturnType<SpanMaker['parentOf']> {
    this.maker ??= new SpanMaker(api, api.trace.getTracer('selvage', VERSION));
    const isOfRun = ids.traceId === trace.ids.traceId;
    return this.maker.parentOf(ids, isOfRun ? trace.parent : undefined);
  }

  private traceOf(temporalRunId: string): Promise<TraceOfRun | undefined> {
    const known = this.runs.get(temporalRunId);
    if (known) return known;
    const asked = this.run(temporalRunId)
      .then((run) => run && new TraceOfRun(run))
      // A body without its trace runs outside of any span.
      .catch(() => undefined)
      .then((trace) => {
        if (!trace) this.runs.delete(temporalRunId);
        return trace;
      });
    this.runs.set(temporalRunId, asked);
    if (this.runs.size > REMEMBERED_RUNS) this.runs.delete(this.runs.keys().next().value!);
    return asked;
  }
}
