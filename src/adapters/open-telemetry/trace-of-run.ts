import { mapOfElement } from '../../authoring/element-id';
import type { SpanContext } from '@opentelemetry/api';
import type { RunRecord } from '../../ports';
import type { TraceMode, TraceSettings } from '../../emitters/open-telemetry';
import { attemptSpanId, knotSpanId, runSpanId, traceIdOf, type SpanIds } from './ids';
import { spanOf } from './traceparent';

/** A knot that begins later than this after its run has a trace of its own. */
const APART_MS = 3_600_000;

/** The columns that determine where a run's spans belong. */
export type RunOfTrace = Pick<RunRecord, 'temporal_run_id' | 'started_at' | 'details'>;

/** The recorded form of {@link TraceSettings}, in the details of a run. */
export type RecordedSettings = { readonly mode: TraceMode; readonly elements_per_map: number };

export function recordedSettings({ mode, elementsPerMap }: TraceSettings): RecordedSettings {
  return { mode, elements_per_map: elementsPerMap };
}

/** The settings that a run carries; undefined if it began in a process without an SDK. */
function settingsOf({ details }: RunOfTrace): TraceSettings | undefined {
  const recorded = details['spans'] as RecordedSettings | undefined;
  return recorded && { mode: recorded.mode, elementsPerMap: recorded.elements_per_map };
}

/** An element by its id, such as `users[17]`, or `users["anna"]`, which has no position. */
interface ElementOf {
  readonly map: string;
  readonly position: number | undefined;
}

export function elementOf(knotId: string): ElementOf | undefined {
  const map = mapOfElement(knotId);
  if (map === undefined) return undefined;
  const position = Number(knotId.slice(map.length + 1, -1));
  return { map, position: Number.isInteger(position) ? position : undefined };
}

/**
 * The place where the spans of one run belong. The place follows from the run's record, so that the emitter and bodies
 * that run long before it get the same ids. A record without settings uses the emitter's. Bodies do not know the
 * emitter's settings, and work within the span of the run, which always exists.
 */
export class TraceOfRun {
  readonly ids: SpanIds;
  /** The span in which the run was started, or the span of the knot that started it. */
  readonly parent: SpanContext | undefined;

  private readonly settings: TraceSettings | undefined;

  /** @param emitter the settings of the emitter; bodies pass none */
  constructor(
    private readonly run: RunOfTrace,
    emitter?: TraceSettings,
  ) {
    this.settings = settingsOf(run) ?? emitter;
    this.parent = spanOf(run.details['traceparent']);
    this.ids = {
      traceId: this.parent?.traceId ?? traceIdOf(run.temporal_run_id),
      spanId: runSpanId(run.temporal_run_id),
    };
  }

  isApart(at: number): boolean {
    const mode = this.settings?.mode;
    return mode === 'linked' || (mode === 'auto' && at - this.run.started_at > APART_MS);
  }

  private traceOf(knotId: string, at: number): string {
    if (!this.isApart(at)) return this.ids.traceId;
    return traceIdOf(this.run.temporal_run_id, elementOf(knotId)?.map ?? knotId);
  }

  nested(knotId: string, at: number): SpanIds {
    return this.settings ? this.knot(knotId, at) : this.ids;
  }

  knot(knotId: string, at: number): SpanIds {
    return {
      traceId: this.traceOf(knotId, at),
      spanId: knotSpanId(this.run.temporal_run_id, knotId),
    };
  }

  attempt(knotId: string, attempt: number, at: number): SpanIds {
    return {
      traceId: this.traceOf(knotId, at),
      spanId: attemptSpanId(this.run.temporal_run_id, knotId, attempt),
    };
  }

  get elementsPerMap(): number {
    return this.settings?.elementsPerMap ?? 0;
  }

  /** Whether elements at this position always have a span, and not only if they failed. */
  isShown({ position }: ElementOf): boolean {
    return position !== undefined && position < this.elementsPerMap;
  }

  /** The span for the body of an attempt: its own, or its map's if its own may never be made. */
  body(knotId: string, attempt: number, at: number): SpanIds {
    if (!this.settings) return this.ids;
    const element = elementOf(knotId);
    return element && !this.isShown(element) ? this.knot(element.map, at) : this.attempt(knotId, attempt, at);
  }
}
