import { oneOf, whole, type Checks } from '../authoring/checks';
import { declareEmitter, type EmitterDeclaration, type EmitterOptions } from './declaration';
import { readEmitterOptions } from './emitter-options';

export type TraceMode = 'auto' | 'nested' | 'linked';

export interface OpenTelemetryEmitterOptions extends EmitterOptions {
  /**
   * Whether the knots of a run are part of its trace. `nested`: they are. `linked`: each knot is a trace of its own,
   * with a link to the span of its run. `auto` (default): a knot that begins within an hour of its run is part of the
   * run's trace, a later one is a trace of its own, because backends close a trace after a while. A run keeps the mode
   * that the emitter of the process had in which it began, if that process has an SDK.
   */
  readonly mode?: TraceMode;
  /**
   * How many elements of a map have a span: the first of the list, and as many failed ones. The map's own span counts
   * all. A run keeps it as it keeps `mode`. Default 20.
   */
  readonly elementsPerMap?: number;
}

/** Options of an OpenTelemetry emitter: checked, with all defaults. */
export type TraceSettings = Required<Omit<OpenTelemetryEmitterOptions, keyof EmitterOptions>>;

export type OpenTelemetryEmitterDeclaration = EmitterDeclaration<'open-telemetry', TraceSettings>;

export const TRACE_DEFAULTS: TraceSettings = { mode: 'auto', elementsPerMap: 20 };
const MOST_ELEMENTS = 10_000;

const CHECKS: Checks<TraceSettings> = {
  mode: oneOf('auto', 'nested', 'linked'),
  elementsPerMap: whole(0, MOST_ELEMENTS),
};

/**
 * Makes spans and metrics of runs by OpenTelemetry's API: a trace for each run, whose ids are made of the run's, so
 * that an event that is delivered twice is the same span. The SDK, its exporters and samplers are the process's own;
 * without any, delivering waits for one. `selvageIdGenerator` of `selvage/open-telemetry` belongs into the SDK's tracer
 * provider.
 *
 * @throws SelvageError `InvalidName`, `InvalidConfig`
 */
export function openTelemetryEmitter(
  options: OpenTelemetryEmitterOptions = {},
): OpenTelemetryEmitterDeclaration {
  const kind = 'open-telemetry';
  const { common, own } = readEmitterOptions<OpenTelemetryEmitterOptions, TraceSettings>(
    kind,
    options,
    CHECKS,
    TRACE_DEFAULTS,
  );
  return declareEmitter({ kind, ...common, options: own });
}
