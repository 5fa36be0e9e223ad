import { loadOptional } from '../../node/optional-package';

export type Api = typeof import('@opentelemetry/api');

/** The key under which the API keeps the parts that an SDK has registered. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');

interface Registered {
  readonly context?: unknown;
  readonly metrics?: unknown;
}

let loaded: Api | undefined;

/** The API is loaded late, as most processes have no OpenTelemetry; kept, as each body asks for it. */
export function loadApi(): Api {
  return (loaded ??= loadOptional<Api>('@opentelemetry/api', { by: 'The OpenTelemetry emitter' }));
}

/** The API, if this process has an SDK with active spans; without one, nothing is loaded. */
export function apiWithContext(): Api | undefined {
  return apiWith('context');
}

/** The API, if this process has an SDK that takes metrics; without one, nothing is loaded. */
export function apiWithMetrics(): Api | undefined {
  return apiWith('metrics');
}

function apiWith(part: keyof Registered): Api | undefined {
  if ((globalThis as { [REGISTERED]?: Registered })[REGISTERED]?.[part] === undefined) return undefined;
  try {
    return loadApi();
  } catch {
    // The SDK has its own copy of the API, out of our reach.
    return undefined;
  }
}
