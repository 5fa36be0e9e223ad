import { loadOptional } from '../../optional-package';

export type Api = typeof import('@opentelemetry/api');

/** Where the first copy of the API that is used keeps what an SDK has registered. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');

interface Registered {
  readonly context?: unknown;
  readonly metrics?: unknown;
}

let loaded: Api | undefined;

/** Loaded late: most processes have no OpenTelemetry. Kept, as each body asks for it. */
export function loadApi(): Api {
  return (loaded ??= loadOptional<Api>('@opentelemetry/api', { by: 'The OpenTelemetry emitter' }));
}

/**
 * The API, if this process has an SDK that knows which span is active. Otherwise nothing is loaded, and nobody would
 * hear of a context.
 */
export function apiWithContext(): Api | undefined {
  return apiWith('context');
}

/** The API, if this process has an SDK that takes metrics. Otherwise nothing is loaded. */
export function apiWithMetrics(): Api | undefined {
  return apiWith('metrics');
}

function apiWith(part: keyof Registered): Api | undefined {
  if ((globalThis as { [REGISTERED]?: Registered })[REGISTERED]?.[part] === undefined) return undefined;
  try {
    return loadApi();
  } catch {
    // The SDK has a copy of its own that is out of our reach.
    return undefined;
  }
}
