import { oneOf, whole, type Checks } from '../authoring/checks';
import { declareEmitter, type EmitterDeclaration, type EmitterOptions } from './declaration';
import { readEmitterOptions } from './emitter-options';

export type TraceMode = 'auto' | 'nested' | 'linked';

export interface OpenTelemetryEmitterOptions extends EmitterOptions {
  /**
   * `nested`: knots are part of their run's trace. `linked`: each knot has its own trace, with a link to the span of
   * its run. `auto` (default): nested within an hour from the start of the run, then linked, as backends close traces.
   * A run keeps the mode of the process in which it began, if that has an SDK.
   */
  readonly mode?: TraceMode;
  /**
   * Number of elements of a map that get a span: the first elements, and as many failed ones. The map's own span counts
   * all. A run keeps the number. Default 20.
   */
  readonly elementsPerMap?: number;
}

/** Checked options, with defaults. */
export type TraceSettings = Required<Omit<OpenTelemetryEmitterOptions, keyof EmitterOptions>>;

export type OpenTelemetryEmitterDeclaration = EmitterDeclaration<'open-telemetry', TraceSettings>;

export const TRACE_DEFAULTS: TraceSettings = { mode: 'auto', elementsPerMap: 20 };
const MOST_ELEMENTS = 10_000;

const CHECKS: Checks<TraceSettings> = {
  mode: oneOf('auto', 'nested', 'linked'),
  elementsPerMap: whole(0, MOST_ELEMENTS),
};

/**
 * Makes spans and metrics of runs by OpenTelemetry's API: a trace for each run, with ids made of the run's,
 * so that a repeated event is the same span. The process provides SDK, exporters and samplers; without them,
 * deliveries wait. The SDK's tracer provider needs `selvageIdGenerator` of `selvage/open-telemetry`.
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
