import type { Attributes, Exception, HrTime, Link, Span, SpanContext, Tracer } from '@opentelemetry/api';
import type { Api } from './api';
import { withIds, type SpanIds } from './ids';

/** A span that is over, with times in milliseconds since the epoch. */
export interface ToldSpan {
  readonly name: string;
  readonly ids: SpanIds;
  /** The parent is absent for the first span of a trace. */
  readonly parent?: SpanContext | undefined;
  readonly links?: readonly SpanIds[];
  readonly from: number;
  readonly until: number;
  readonly attributes: Attributes;
  readonly events?: readonly ToldEvent[];
  readonly error?: ToldError | undefined;
}

export interface ToldEvent {
  readonly name: string;
  readonly at: number;
  readonly attributes?: Attributes;
}

export interface ToldError {
  readonly type: string;
  readonly message: string;
  readonly traceback?: string;
}

const REMEMBERED_TRACES = 1_000;
const PROBE: SpanIds = { traceId: '5e1fa9e05e1fa9e05e1fa9e05e1fa9e0', spanId: '5e1fa9e05e1fa9e0' };

/**
 * Makes spans of events that are over, by the SDK of the process.
 *
 * The API lets nobody choose the ids of a span: the trace id comes from a parent, and other ids from our id generator.
 * If the SDK lacks our generator, ids are random, and the span of a run stands beside those of its knots.
 */
export class SpanMaker {
  readonly choosesIds: boolean;
  private readonly flags = new Map<string, number>();

  constructor(
    private readonly api: Api,
    private readonly tracer: Tracer,
  ) {
    this.choosesIds = this.start('selvage', PROBE, undefined).spanContext().spanId === PROBE.spanId;
  }

  make({ name, ids, parent, links = [], from, until, attributes, events = [], error }: ToldSpan): void {
    const span = this.start(name, ids, parent, {
      startTime: timeOf(from),
      attributes,
      links: links.map((to): Link => ({ context: { ...to, traceFlags: this.flagsOf(to) } })),
    });
    for (const { name: event, at, attributes: about } of events) span.addEvent(event, about, timeOf(at));
    if (error) {
      const { type, message, traceback } = error;
      const thrown: Exception = { name: type, message, ...(traceback && { stack: traceback }) };
      span.recordException(thrown, timeOf(until));
      span.setStatus({ code: this.api.SpanStatusCode.ERROR, message: `${type}: ${message}` });
    }
    span.end(timeOf(until));
  }

  /** One of our own spans, as the parent of other spans, sampled as its trace is. */
  parentOf(ids: SpanIds, runParent?: SpanContext): SpanContext {
    const { traceId, spanId } = ids;
    return { traceId, spanId, traceFlags: this.flagsOf(ids, runParent), isRemote: true };
  }

  /**
   * Asks the SDK's sampler about a trace, by a span that never ends and so is never exported. The first real span may
   * come hours after its child spans.
   */
  private flagsOf({ traceId, spanId }: SpanIds, runParent?: SpanContext): number {
    const known = this.flags.get(traceId);
    if (known !== undefined) return known;
    const { traceFlags } = this.start('selvage', { traceId, spanId }, runParent).spanContext();
    this.flags.set(traceId, traceFlags);
    if (this.flags.size > REMEMBERED_TRACES) this.flags.delete(this.flags.keys().next().value!);
    return traceFlags;
  }

  private start(
    name: string,
    ids: SpanIds,
    parent: SpanContext | undefined,
    options: Parameters<Tracer['startSpan']>[1] = {},
  ): Span {
    const { ROOT_CONTEXT, TraceFlags, trace } = this.api;
    // Without our generator, only a parent gives the span the right trace.
    const stand =
      this.choosesIds === false ? { ...ids, traceFlags: TraceFlags.SAMPLED, isRemote: true } : undefined;
    const above = parent ?? stand;
    const context = above ? trace.setSpanContext(ROOT_CONTEXT, above) : ROOT_CONTEXT;
    return withIds(ids, () => this.tracer.startSpan(name, options, context));
  }
}

/** A time is a pair, because the API reads small numbers as the time since the process began. */
function timeOf(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1_000);
  return [seconds, Math.round((milliseconds - seconds * 1_000) * 1_000_000)];
}
